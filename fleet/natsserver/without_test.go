//go:build !engine

package natsserver

import (
	"strings"
	"testing"
)

func TestWithoutAnEngineItIsSaidWhatToDo(t *testing.T) {
	_, err := Run(Config{})
	if err == nil || !strings.Contains(err.Error(), "-tags engine") || !strings.Contains(err.Error(), "nats-server") {
		t.Errorf("%v, expected words with -tags engine and nats-server", err)
	}
}

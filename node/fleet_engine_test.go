//go:build engine

package node

import (
	"bytes"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// TestWhereTheEmbeddedEngineListensIsTold: fronts are given this address, and the log has no other
// place for it. The token is not told.
func TestWhereTheEmbeddedEngineListensIsTold(t *testing.T) {
	for token, told := range map[string]string{"": "token=false", "s3cret": "token=true"} {
		var out bytes.Buffer
		e := EngineConfig{URL: embeddedEngine, Listen: "127.0.0.1:0", Token: token}
		engine, stop, err := e.open("node", slog.New(slog.NewTextHandler(&out, nil)))
		if err != nil {
			t.Fatal(err)
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
		stop()
		where := regexp.MustCompile(`level=INFO msg="the embedded engine listens" url=(\S+) ` + told).FindStringSubmatch(out.String())
		if where == nil || token != "" && strings.Contains(out.String(), token) {
			t.Fatalf("expected where it listens, with %s, and no token:\n%s", told, out.String())
		}
		if u, err := url.Parse(where[1]); err != nil || u.Hostname() != "127.0.0.1" || u.Port() == "0" {
			t.Errorf("it listens at %s: %v", where[1], err)
		}
	}
}

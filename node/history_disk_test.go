//go:build linux || darwin

package node

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
	"github.com/bytom-solo/bytom-solo/history"
)

// TestAHistoryThatCantBeWrittenIsToldAtTheEnd: a stop on a full disk is a clean one all the same.
func TestAHistoryThatCantBeWrittenIsToldAtTheEnd(t *testing.T) {
	if !filetest.Alone(t) {
		return
	}
	path, now := filepath.Join(t.TempDir(), "history.db"), time.Now()
	var log bytes.Buffer
	n := &station{log: slog.New(slog.NewTextHandler(&log, nil))}
	n.history = history.Open(history.Config{Path: path, Now: func() time.Time { return now }})
	free := filetest.FillDisk(t, 4096)
	for height := range uint64(10) {
		n.history.Found(history.Block{Height: height, At: now})
	}
	n.closeHistory()
	free()
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), path) {
		t.Errorf("the log says %q, expected what the history lacks", log.String())
	}
}

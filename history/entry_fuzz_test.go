package history

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// FuzzEntries has any entry in a history's file: it is set aside as damaged, or all that is read of
// it can be told, and is the same after a block, a write and another opening.
func FuzzEntries(f *testing.F) {
	filetest.FuzzEntries(f, filetest.LeftBy(f, "6874dd1", "history.db"), func(t *testing.T, path string) {
		var log bytes.Buffer
		cfg := Config{Path: path, Now: func() time.Time { return time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC) }, Log: slog.New(slog.NewTextHandler(&log, nil))}
		h := Open(cfg)
		if h.file == nil && !strings.Contains(log.String(), path) {
			t.Errorf("no file is used, and the log names none: %q", &log)
		}
		saved := h.Saved()
		h.Found(block(7, cfg.Now()))
		h.drain()
		if err := h.Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		was := toldSeries(t, h)
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		if !saved {
			return
		}
		h = Open(cfg)
		filetest.SameTexts(t, was, toldSeries(t, h))
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// toldSeries is what a history says that outlives it, as JSON.
func toldSeries(t *testing.T, h *History) (texts []string) {
	t.Helper()
	add := func(what string, v any, err error) { texts = append(texts, filetest.Text(t, what, v, err)) }
	for _, span := range []Span{Day, Week, Year} {
		add(span.String(), h.Series(span), nil)
	}
	blocks, total := h.Blocks()
	add("blocks", []any{blocks, total}, nil)
	rigs, err := h.Rigs(4, 24)
	add("rigs", rigs, err)
	for name := range rigs {
		one, err := h.Rig(name)
		add("rig "+name, one, err)
	}
	luck, known := h.Luck(100)
	if _, err := json.Marshal([]any{luck, known}); err != nil {
		t.Errorf("luck: %v", err)
	}
	return texts
}

package outbox

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
)

// FuzzEntries has any entry in an outbox's file: it is refused by an error with its path, or set
// aside, or its batches follow one another, and are the same after another entry and another
// opening, which has that entry last.
func FuzzEntries(f *testing.F) {
	path := filepath.Join(f.TempDir(), "outbox.db")
	for n := range uint64(2) {
		o, err := Open(Config{Path: path})
		must(f, err)
		o.Ledger(fleet.LedgerState{Term: 1 + n, ID: "ledger"})
		o.Add(entry(n), nil)
		o.Login(entry(n).At, "bm1q.rig", "10.0.0.1", "test")
		must(f, o.Close())
	}
	filetest.FuzzEntries(f, path, func(t *testing.T, path string) {
		var log bytes.Buffer
		cfg := Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))}
		o, err := Open(cfg)
		if err != nil {
			if !strings.Contains(err.Error(), path) {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		was := batchTexts(t, o)
		told := false
		o.Add(entry(9999), func(err error) {
			if told = true; err != nil {
				t.Errorf("the entry is not kept: %v", err)
			}
		})
		must(t, o.Close())
		if !told {
			t.Error("nobody was told that the entry is kept")
		}
		o, err = Open(cfg)
		must(t, err)
		again := batchTexts(t, o)
		if len(again) != len(was)+1 || !strings.Contains(again[len(again)-1], `"Work":9999`) {
			t.Errorf("%d batches, and one added, came again as %d, with %s the last", len(was), len(again), again[max(0, len(again)-1):])
			return
		}
		filetest.SameTexts(t, was, again[:len(was)])
		if n := len(o.index.epochs); n > 0 {
			e := o.index.epochs[n-1]
			o.Booked(e.id, e.next()-1)
			if h, ok := o.head(); ok && h.epoch == e.id {
				t.Errorf("%+v is to be booked, and all of its epoch is", h)
			}
		}
		must(t, o.Close())
	})
}

// batchTexts are an outbox's batches as JSON, with their entries. Each is taken by a ledger as it
// is, or is empty.
func batchTexts(t *testing.T, o *Outbox) (texts []string) {
	t.Helper()
	l := ledger.InMemory()
	for _, b := range kept(t, o) {
		for _, e := range b.Entries {
			l.Add(e)
		}
		text, err := json.Marshal(b)
		must(t, err)
		texts = append(texts, string(text))
	}
	if _, err := json.Marshal(l.Rigs(entry(0).At)); err != nil {
		t.Errorf("what the ledger has of it can't be told: %v", err)
	}
	return texts
}

package ledger

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// FuzzEntries has any entry in a ledger's file: it is set aside as damaged, or all that is read of
// it can be told, and is the same after what comes is counted, written and read again.
func FuzzEntries(f *testing.F) {
	filetest.FuzzEntries(f, filetest.LeftBy(f, "9fd8ddc", "rigs.db"), func(t *testing.T, path string) {
		now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
		var log bytes.Buffer
		cfg := Config{Path: path, Now: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, nil))}
		l := Open(cfg)
		if l.file == nil {
			if !strings.Contains(log.String(), path) {
				t.Errorf("no file is used, and the log names none: %q", &log)
			}
			return
		}
		if err := l.prune(now); err != nil {
			t.Errorf("prune: %v", err)
		}
		l.Add(Entry{At: now, Rig: "new.1", Kind: Accepted, Effective: 2, Network: 8, Work: 3, Owner: "somebody", Solved: "ab", Block: "ab", Height: 1})
		if err := l.Flush(); err != nil {
			t.Errorf("flush: %v", err)
		}
		was := told(t, l)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = Open(cfg)
		filetest.SameTexts(t, was, told(t, l))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// told is all that a ledger says, as JSON; rates depend on the time of the opening.
func told(t *testing.T, l *Ledger) (texts []string) {
	t.Helper()
	add := func(what string, v any, err error) { texts = append(texts, filetest.Text(t, what, v, err)) }
	rigs := l.Rigs(l.cfg.Now())
	for i := range rigs {
		if _, err := json.Marshal(rigs[i].Hashrate); err != nil {
			t.Fatalf("rates of %q: %v", rigs[i].Rig, err)
		}
		rigs[i].Hashrate = Rates{}
	}
	add("rigs", rigs, nil)
	rows, err := l.Rows(time.Time{})
	if err != nil && strings.Contains(err.Error(), l.cfg.Path) {
		rows, err = nil, nil // Rows of before the last day are not looked at when it is opened.
	}
	add("rows", rows, err)
	blocks, err := l.Blocks()
	add("blocks", blocks, err)
	var shares []Share
	err = l.Shares(func(s Share) bool { shares = append(shares, s); return true })
	add("shares", shares, err)
	sequence, ok, err := l.Solved("ab")
	add("solved", []any{sequence, ok}, err)
	return texts
}

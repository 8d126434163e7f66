package ledger

import (
	"path/filepath"
	"testing"
	"time"
)

// TestTotals: a rig's are since its first login, the sum of all since the ledger was opened.
func TestTotals(t *testing.T) {
	path, at := filepath.Join(t.TempDir(), "l.db"), time.Unix(1e9, 0)
	l := Open(Config{Path: path})
	add := func(rig string, kind Kind) {
		l.Add(Entry{At: at, Rig: rig, Kind: kind, Effective: 5, Network: 50, Difficulty: 7})
	}
	add("a", Accepted)
	add("a", Accepted)
	add("b", Stale)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = Open(Config{Path: path})
	defer l.Close()
	if total := l.Total(); total != (Tally{}) {
		t.Errorf("opened with %+v", total)
	}
	add("b", Accepted)
	add("c", Low)
	if total, want := l.Total(), (Tally{Accepted: 1, Low: 1, Work: 5, Expected: 0.1, Best: 7}); total != want {
		t.Errorf("%+v, expected %+v", total, want)
	}
	got := make(map[string]Tally)
	for _, r := range l.Tallies() {
		got[r.Rig] = r.Tally
	}
	a, b := Tally{Accepted: 2, Work: 10, Expected: 0.2, Best: 7}, Tally{Accepted: 1, Stale: 1, Work: 5, Expected: 0.1, Best: 7}
	if len(got) != 3 || got["a"] != a || got["b"] != b || got["c"] != (Tally{Low: 1}) {
		t.Errorf("%+v", got)
	}
}

package ledger

import (
	"path/filepath"
	"testing"
	"time"
)

// TestCreditsAreLoggedAlone: work of no rig is in the log, after a restart too, and nowhere
// else.
func TestCreditsAreLoggedAlone(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "rigs.db"), time.Unix(1_600_000_000, 0).UTC()
	open := func() *Ledger { return Open(Config{Path: path, Now: func() time.Time { return now }}) }
	l := open()
	l.SetPolicy(3)
	l.Credit(now, "somebody", 50, 100, 1<<63)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open()
	defer l.Close()
	l.Credit(now, "somebody", 25, 100, 1<<62)
	var got []Share
	if err := l.SharesFrom(0, func(s Share) bool { got = append(got, s); return true }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Work != 1<<63 || got[0].Owner != "somebody" || got[0].Policy != 3 || got[1].Sequence != 1 || got[1].Work != 1<<62 || got[1].Policy != 0 {
		t.Errorf("the log has %+v", got)
	}
	rows, err := l.Rows(time.Time{})
	if len(l.Rigs(now)) != 0 || len(rows) != 0 || l.Total() != (Tally{}) || err != nil {
		t.Errorf("rigs %v, rows %v, total %+v, %v; expected none", l.Rigs(now), rows, l.Total(), err)
	}
}

package ledger

import (
	"fmt"
	"testing"
	"time"
)

// TestLedgerInMemoryIsBounded: without a file nothing is ever written, and the shares must
// not pile up for that.
func TestLedgerInMemoryIsBounded(t *testing.T) {
	l := newInMemory(Config{})
	at := time.Unix(1e9, 0)
	const shares = 4*mostPending + 5
	for range shares {
		l.Add(Entry{At: at, Rig: "a.b", Effective: 1, Network: 10})
	}
	if n := len(l.pending); n >= 2*mostPending || n < mostPending {
		t.Errorf("%d shares are kept", n)
	}
	if all := l.Rigs(at); all[0].Accepted != shares || all[0].Work != shares {
		t.Errorf("counted %+v", all[0].Tally)
	}
}

// TestLedgerInMemoryForgetsOwners: those of shares that it holds no more, and their blocks.
func TestLedgerInMemoryForgetsOwners(t *testing.T) {
	l := InMemory()
	for i := range 4*mostPending + 5 {
		l.Add(Entry{Rig: "a.b", Owner: fmt.Sprint("bm1q", i), Solved: fmt.Sprint("block", i), Effective: 1, Network: 10})
	}
	if n := len(l.owners.names); n != len(l.pending)+1 || n >= 2*mostPending || len(l.owners.ids) != n || len(l.solved) != n-1 {
		t.Errorf("%d shares, %d owners, %d blocks", len(l.pending), n, len(l.solved))
	}
	for _, s := range l.pending {
		if want := fmt.Sprint("bm1q", s.sequence); l.owners.names[s.owner] != want {
			t.Fatalf("share %d is of %q, expected %q", s.sequence, l.owners.names[s.owner], want)
		}
	}
}

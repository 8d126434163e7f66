package ledger

import (
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

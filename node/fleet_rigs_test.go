package node

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// TestRigsOfFrontsAreForgotten: names cost nothing to make up, and the ledger keeps ten thousand.
func TestRigsOfFrontsAreForgotten(t *testing.T) {
	l := ledger.Open(ledger.Config{Path: filepath.Join(t.TempDir(), "l.db")})
	defer l.Close()
	f := newFrontRigs(l)
	for n := range 40 {
		entries := make([]ledger.Entry, 1000)
		for i := range entries {
			entries[i] = ledger.Entry{At: time.Now(), Kind: ledger.LoggedIn, Rig: fmt.Sprint("rig", n, ".", i)}
		}
		if _, err := f.Book(ledger.BatchID{Front: "front", Epoch: 1, Number: uint64(n) + 1, Oldest: 1}, entries); err != nil {
			t.Fatal(err)
		}
	}
	for name := range f.latest {
		f.latest[name] = time.Now().Add(-48 * time.Hour)
	}
	f.swept = time.Now().Add(-48 * time.Hour)
	if _, err := f.Book(ledger.BatchID{Front: "front", Epoch: 1, Number: 41, Oldest: 1}, []ledger.Entry{{At: time.Now(), Kind: ledger.LoggedIn, Rig: "a.0"}}); err != nil {
		t.Fatal(err)
	}
	if n := len(f.latest); n > 20_000 {
		t.Errorf("%d names are remembered after two days, and the ledger knows %d rigs", n, len(l.Rigs(time.Now())))
	}
}

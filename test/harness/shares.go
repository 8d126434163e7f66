package harness

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// Tally is what a node's ledger has, by rig.
func Tally(n *testnet.Node) (map[string]node.Rig, error) {
	var list node.RigList
	if err := n.Call(node.RigsRoute, struct{}{}, &list); err != nil {
		return nil, err
	}
	all := make(map[string]node.Rig)
	for _, r := range list.Rigs {
		all[r.Rig] = r
	}
	return all, nil
}

// CheckBooked is nil once a node's ledger has what the rigs know was accepted, but for so many of each
// that it may have lost. A share whose answer was lost may be in it, and a stale one that was a block.
func CheckBooked(n *testnet.Node, lost uint64, rigs ...*fakerig.Rig) error {
	has, err := Tally(n)
	if err != nil {
		return err
	}
	var errs []error
	for _, rig := range rigs {
		rep := rig.Report()
		if got := has[rep.Name].Accepted; got+lost < rep.Accepted || got > rep.MostBooked() {
			errs = append(errs, fmt.Errorf("the ledger has %d shares of %s, expected %d, of which it may have lost %d, to %d", got, rep.Name, rep.Accepted, lost, rep.MostBooked()))
		}
		if rep.Surprises > 0 {
			errs = append(errs, fmt.Errorf("%s was surprised %d times: %s", rep.Name, rep.Surprises, rep.Surprise))
		}
	}
	return errors.Join(errs...)
}

// CheckLedger holds the ledger of a node that has ended to itself: rows and log have the same shares,
// of so many rigs.
func CheckLedger(t *testing.T, home string, rigs int) {
	t.Helper()
	l := ledger.Open(ledger.Config{Path: filepath.Join(home, "mining", "rigs.db"), ReadOnly: true})
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	rows, err := l.Rows(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	type sum struct {
		shares uint64
		work   float64
	}
	byRows, byLog := make(map[string]sum), make(map[string]sum)
	for _, r := range rows {
		s := byRows[r.Rig]
		byRows[r.Rig] = sum{s.shares + r.Accepted, s.work + r.Work}
	}
	if err := l.Shares(func(s ledger.Share) bool {
		old := byLog[s.Rig]
		byLog[s.Rig] = sum{old.shares + 1, old.work + s.Effective}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if len(byRows) != rigs {
		t.Errorf("the ledger in %s has %d rigs, expected %d", home, len(byRows), rigs)
	}
	for rig, want := range byRows {
		if got := byLog[rig]; got != want {
			t.Errorf("the log in %s has %+v of %s, its rows %+v", home, got, rig, want)
		}
	}
}

package payout

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
)

// TestPreviewIsWhatIsPaid: a preview has the batches that the next payment makes, changes
// nothing, and names who can't be paid.
func TestPreviewIsWhatIsPaid(t *testing.T) {
	x := newTill(t, filepath.Join(t.TempDir(), "payouts.db"))
	x.every = 1_000_000
	x.restart()
	x.settle(200_000_000, "anna", "bert", "bad one")
	x.settle(300_000_000, "anna", "carl")
	for range 101 {
		x.chain.mine([]byte{0x51})
	}
	must(t, x.books.Follow(x.chain))
	before, err := x.books.Balances()
	must(t, err)
	p, err := x.out.Preview()
	must(t, err)
	if len(p.Batches) != 1 || len(p.Held) != 1 || p.Held[0].Owner != "bad one" || p.Unpaid != 0 || p.Stopped != "" {
		t.Fatalf("%+v", p)
	}
	if owner, _, err := x.books.Owner("bad one"); err != nil || owner.Held != "" {
		t.Errorf("the preview set %+v aside, %v", owner, err)
	}
	after, err := x.books.Balances()
	must(t, err)
	for account, balance := range before {
		if after[account] != balance {
			t.Errorf("%s had %d, has %d", account, balance, after[account])
		}
	}
	x.step()
	staged, err := x.books.Batches()
	must(t, err)
	if len(staged) != 1 || staged[0].ID != p.Batches[0].ID || !slices.Equal(staged[0].Payments, p.Batches[0].Payments) {
		t.Errorf("%d batches %+v, expected those of %+v", len(staged), staged, p.Batches)
	}
}

// TestPayNow pays what is due though it is not time, once.
func TestPayNow(t *testing.T) {
	x := newTill(t, filepath.Join(t.TempDir(), "payouts.db"))
	x.every = 1_000_000
	x.restart()
	x.step() // From now on it is not time for long.
	x.settle(200_000_000, "anna")
	for range 101 {
		x.chain.mine([]byte{0x51})
	}
	count := func() int {
		x.step()
		all, err := x.books.Batches()
		must(t, err)
		return len(all)
	}
	if n := count(); n != 0 {
		t.Fatalf("%d batches before their time", n)
	}
	x.out.PayNow()
	if n := count(); n != 1 {
		t.Fatalf("%d batches, expected one", n)
	}
	x.settle(200_000_000, "anna")
	for range 101 {
		x.mine()
	}
	if n := count(); n != 1 {
		t.Errorf("%d batches, expected no second one", n)
	}
}

// TestFollowOnly makes no batch, and brings one to its end that is there.
func TestFollowOnly(t *testing.T) {
	x := newTill(t, filepath.Join(t.TempDir(), "payouts.db"))
	x.settle(200_000_000, "anna")
	x.settle(200_000_000, "bert")
	for range 101 {
		x.chain.mine([]byte{0x51})
	}
	x.step()
	x.restart()
	x.out.FollowOnly = true
	x.settle(200_000_000, "carl")
	for range 210 {
		x.mine()
		x.step()
	}
	all, err := x.books.Batches()
	must(t, err)
	if len(all) != 1 || all[0].State != BatchPaid {
		t.Errorf("%+v, expected one batch that is paid", all)
	}
}

// failingChain can't say once what is spent.
type failingChain struct {
	*fakeChain
	failed bool
}

func (c *failingChain) Unspent(output bc.Hash) (bool, error) {
	if !c.failed {
		c.failed = true
		return false, errors.New("the disk is full")
	}
	return c.fakeChain.Unspent(output)
}

// TestPayNowOutlivesAnError: what was promised is done once it can be.
func TestPayNowOutlivesAnError(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.every = 1_000_000
	x.restart()
	x.step() // So that the next one is far.
	x.settle(2*leastDue, "anna")
	grow(x.chain, 100)
	x.step()
	x.state()
	x.out.Chain = &failingChain{fakeChain: x.chain}
	x.out.PayNow()
	if err := x.out.Step(t.Context()); err == nil {
		t.Fatal("no error")
	}
	x.state()
	must(t, x.out.Step(t.Context()))
	x.state(BatchSigned)
}

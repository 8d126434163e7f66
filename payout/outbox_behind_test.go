package payout

import (
	"errors"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

// TestOutboxBeforeTheSettler: the outbox looks at a chain that the books have not followed yet, as the Settler has passes of
// its own: a coinbase was off the main chain and is back, with the payout that spends it, and both are deep. That is
// nothing to tell of, unless it stays so.
func TestOutboxBeforeTheSettler(t *testing.T) {
	x := paying(t)
	x.mine()
	grow(x.chain, 100)
	x.step()
	b := x.state(BatchPaid)
	best, _ := x.chain.Best()
	off := x.chain.rewind(int(best))
	grow(x.chain, 10)
	x.step()
	x.state(BatchSigned)
	x.chain.rewind(10)
	x.chain.back(off)
	x.chain.pool = nil
	for _, since := range []time.Duration{0, behindWait / 2} {
		if ago, ok := x.out.behind[b.ID]; ok {
			x.out.behind[b.ID] = ago.Add(-since)
		}
		if err := x.out.Step(t.Context()); err != nil {
			t.Errorf("%v after the first look: %v", since, err)
		}
		x.state(BatchMined)
	}
	x.out.behind[b.ID] = x.out.behind[b.ID].Add(-behindWait)
	if err := x.out.Step(t.Context()); !errors.Is(err, errBehind) {
		t.Errorf("after %v: %v, expected that it is told of", behindWait, err)
	}
	x.step()
	x.paidOnce(1)
	if len(x.out.behind) != 0 {
		t.Errorf("%d steps wait", len(x.out.behind))
	}
}

// TestOutboxThatTheSettlerComesBetween: a block leaves the main chain between the choice of a payout and its storing. The
// next pass chooses anew, also where the operator asked for it.
func TestOutboxThatTheSettlerComesBetween(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, "bm1a", "bm1b")
	grow(x.chain, 50)
	x.settle(2*leastDue, "bm1a")
	grow(x.chain, 100)
	x.every = 1000
	x.restart()
	best, _ := x.chain.Best()
	x.out.last, x.out.ever, x.out.loaded, x.out.open = best/x.every, true, true, make(map[bc.Hash]bool)
	must(t, x.books.Follow(x.chain))
	x.out.PayNow()
	x.out.reached = func(at outboxStep) {
		if at != stepChosen {
			return
		}
		x.out.reached = func(outboxStep) {}
		x.chain.rewind(120) // To before the second block.
		x.dues["bm1a"] = 2 * leastDue
		grow(x.chain, 10)
		must(t, x.books.Follow(x.chain))
	}
	if err := x.out.Step(t.Context()); err != nil {
		t.Error(err)
	}
	if all, err := x.books.Batches(); err != nil || len(all) != 0 {
		t.Fatalf("%d batches, %v: the block of one was gone", len(all), err)
	}
	grow(x.chain, 140)
	x.step()
	x.mine()
	grow(x.chain, 100)
	x.step()
	x.paidOnce(1)
}

package payout

import (
	"slices"
	"testing"
)

// waiting holds how many batches are said to wait for a signature by hand, with the reason.
func (x *till) waiting(want int) {
	x.t.Helper()
	if got, why := x.out.ByHand(); got != want || (why != "") != (want > 0) {
		x.t.Errorf("%d batches wait to be signed by hand, by %q, expected %d", got, why, want)
	}
}

// TestOutboxByHand: without a wallet the operator is told, and what is signed elsewhere goes
// out, or shows up in a block.
func TestOutboxByHand(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		x := newTill(t, pathIn(t))
		x.hand = true
		x.restart()
		x.settle(2*leastDue, "bm1a")
		grow(x.chain, 100)
		x.step()
		b := x.state(BatchStored)
		x.step()
		x.waiting(1)
		signed, err := fakeSigner{}.Sign(t.Context(), b)
		must(t, err)
		if elsewhere {
			must(t, x.chain.Submit(signed))
		} else {
			raw, err := RawTx(signed)
			must(t, err)
			must(t, x.books.SetSigned(b.ID, raw))
			x.step()
		}
		x.mine()
		x.step()
		x.waiting(0)
		grow(x.chain, 100)
		x.step()
		x.paidOnce(1)
		if got := x.kinds(); !slices.Equal(got, []string{NewsByHand, NewsPaid}) {
			t.Errorf("news %q", got)
		}
	}
}

// TestNothingWaitsForAHand where the wallet signs, and where it is too late for a signature.
func TestNothingWaitsForAHand(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, "bm1a")
	grow(x.chain, 100)
	must(t, x.books.Follow(x.chain))
	x.out.reached = func(step outboxStep) {
		if step == stepStored {
			x.state(BatchStored)
			x.waiting(0)
		}
	}
	must(t, x.out.Step(t.Context()))
	x.waiting(0)

	x = newTill(t, pathIn(t))
	x.hand = true
	x.restart()
	x.settle(2*leastDue, "bm1a")
	grow(x.chain, 100)
	x.step()
	b := x.state(BatchStored)
	best, _ := x.chain.Best()
	grow(x.chain, int(b.TimeRange-best)-1)
	x.step()
	x.waiting(1)
	grow(x.chain, 1)
	x.step()
	x.state(BatchStored)
	x.waiting(0)
}

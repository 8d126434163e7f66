package payout

import (
	"strings"
	"testing"
)

// TestAGivenUpBatchThatIsMinedAfterAll: a reorganisation that is deeper than any should be brings
// a block that has a batch which was given up. Its owners are paid by that, and not by another
// too, whether there was one, and whether that was paid.
func TestAGivenUpBatchThatIsMinedAfterAll(t *testing.T) {
	for _, again := range []BatchState{"", BatchSigned, BatchPaid} {
		x := newTill(t, pathIn(t))
		x.valid = 50
		x.restart()
		x.settle(2*leastDue, "bm1a", "bm1b")
		grow(x.chain, 100)
		x.step()
		first := x.state(BatchSigned)
		tx, err := first.Tx()
		must(t, err)
		if again == "" {
			must(t, x.books.Stop("nobody is paid for now"))
		}
		clear(x.chain.pool)
		grow(x.chain, int(x.valid)+finalDepth)
		x.step()
		if again == BatchPaid {
			x.mine()
			grow(x.chain, 100)
			x.step()
			x.state(BatchGivenUp, BatchPaid)
		}
		best, _ := x.chain.Best()
		off := int(best - first.Height)
		x.chain.rewind(off)
		x.chain.mine([]byte{0x51}, tx)
		clear(x.chain.pool)
		grow(x.chain, off)
		for range 6 { // Another batch of the same money ends first.
			x.step()
			grow(x.chain, 100)
		}
		if why, err := x.books.Stopped(); err != nil || !strings.Contains(why, "after all") {
			t.Errorf("%q: stopped by %q, %v", again, why, err)
		}
		must(t, x.books.Resume())
		for range 3 {
			x.step()
			x.mine()
			grow(x.chain, 100)
		}
		x.step()
		if got := x.batch(first).State; got != BatchPaid {
			t.Errorf("%q: the first batch is %s", again, got)
		}
		x.paidOnce(1)
		x.restart()
		x.step()
		x.paidOnce(1)
	}
}

// batch is one as it is now.
func (x *till) batch(b Batch) Batch {
	x.t.Helper()
	now, err := x.books.Batch(b.ID)
	must(x.t, err)
	return now
}

// TestABatchInConflictThatIsMinedFarBelow: the batch was in conflict, and a reorganisation has it in a block further below the
// height at which it was stored than any should be. Its owners are not paid once more.
func TestABatchInConflictThatIsMinedFarBelow(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, "bm1a", "bm1b")
	grow(x.chain, 300)
	x.step()
	b := x.state(BatchSigned)
	tx, err := b.Tx()
	must(t, err)
	funds, err := x.books.Funds()
	must(t, err)
	clear(x.chain.pool)
	x.chain.mine([]byte{0x51}, spend(b.TimeRange, funds[:1], nil, funds[0].Amount))
	grow(x.chain, 101)
	x.step()
	x.state(BatchConflict)
	x.chain.rewind(260)
	if at := x.chain.mine([]byte{0x51}, tx); at.Height+finalDepth >= b.Height {
		t.Fatalf("mined at %d, stored at %d", at.Height, b.Height)
	}
	grow(x.chain, 300)
	x.step()
	x.step()
	if why, err := x.books.Stopped(); err != nil || !strings.Contains(why, "after all") {
		t.Errorf("stopped by %q, %v", why, err)
	}
	must(t, x.books.Resume())
	x.settle(2*leastDue, "bm1c")
	for range 3 {
		x.step()
		x.mine()
		grow(x.chain, 101)
	}
	x.paidOnce(1)
}

// TestABatchInConflictThatIsMinedLater: a reorganisation undoes what the batch was in conflict with, and a block brings the batch
// some time after that. Its owners are not paid once more.
func TestABatchInConflictThatIsMinedLater(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, "bm1a", "bm1b")
	grow(x.chain, 100)
	x.step()
	b := x.state(BatchSigned)
	tx, err := b.Tx()
	must(t, err)
	funds, err := x.books.Funds()
	must(t, err)
	clear(x.chain.pool)
	x.chain.mine([]byte{0x51}, spend(b.TimeRange, funds[:1], nil, funds[0].Amount))
	grow(x.chain, 101)
	x.step()
	x.state(BatchConflict)
	x.chain.rewind(102)
	grow(x.chain, 110)
	x.step()
	x.chain.mine([]byte{0x51}, tx)
	grow(x.chain, 5)
	x.step()
	x.step()
	if why, err := x.books.Stopped(); err != nil || !strings.Contains(why, "after all") {
		t.Errorf("stopped by %q, %v", why, err)
	}
	must(t, x.books.Resume())
	x.settle(2*leastDue, "bm1c")
	for range 3 {
		x.step()
		x.mine()
		grow(x.chain, 101)
	}
	x.paidOnce(1)
}

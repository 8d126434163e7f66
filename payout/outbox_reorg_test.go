package payout

import (
	"slices"
	"testing"
	"time"
)

// paying is a till whose payout waits in the pool.
func paying(t *testing.T) *till {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, "bm1a", "bm1b", "bm1c")
	grow(x.chain, 100)
	x.step()
	x.state(BatchSigned)
	return x
}

// TestOutboxAfterAReorganisation: the payout's own block leaves the main chain at several
// depths; the same bytes are submitted again, and mined elsewhere.
func TestOutboxAfterAReorganisation(t *testing.T) {
	for _, depth := range []int{1, 50, 99, 101, 130} {
		x := paying(t)
		x.mine()
		grow(x.chain, depth-1)
		x.step()
		want := BatchMined
		if depth > finalDepth {
			want = BatchPaid
		}
		first := x.state(want)
		clear(x.chain.pool)
		x.chain.rewind(depth)
		grow(x.chain, depth+1)
		if depth == 50 {
			x.restart()
		}
		x.step()
		again := x.state(BatchSigned)
		if len(x.chain.pool) != 1 || x.chain.pool[first.ID] == nil || first.Signed.String() != again.Signed.String() {
			t.Errorf("depth %d: %d in the pool, other bytes: %v", depth, len(x.chain.pool), first.Signed.String() != again.Signed.String())
		}
		x.mine()
		grow(x.chain, 100)
		x.step()
		x.paidOnce(1)
	}
}

// TestOutboxMinedBelow: after a reorganisation the payout is mined below the height at which
// it was stored.
func TestOutboxMinedBelow(t *testing.T) {
	x := paying(t)
	b := x.state(BatchSigned)
	x.chain.rewind(1)
	at := x.mine()
	if at.Height > b.Height {
		t.Fatalf("mined at %d, stored at %d", at.Height, b.Height)
	}
	grow(x.chain, 100)
	x.restart()
	x.step()
	x.paidOnce(1)
}

// TestOutboxOfALostCoinbase: the coinbase that a payout spends is orphaned, and comes back.
func TestOutboxOfALostCoinbase(t *testing.T) {
	for _, depth := range []int{1, 50, 99} {
		for _, stored := range []bool{false, true} {
			x := newTill(t, pathIn(t))
			found := x.settle(2*leastDue, "bm1a", "bm1b")
			if grow(x.chain, depth-1); stored {
				grow(x.chain, 100)
			}
			x.step()
			best, _ := x.chain.Best()
			off := x.chain.rewind(int(best - found.Height + 1))
			grow(x.chain, len(off)+1)
			x.step()
			x.balanced()
			if a, _, err := x.books.Owner("bm1a"); err != nil || a.Payable+a.Provisional != 0 {
				t.Errorf("depth %d: owed for a block that is gone: %+v, %v", depth, a, err)
			}
			x.chain.rewind(len(off) + 1)
			x.chain.back(off)
			grow(x.chain, 102)
			x.step()
			x.step()
			x.mine()
			grow(x.chain, 100)
			x.step()
			x.paidOnce(1)
		}
	}
}

// TestOutboxOfACoinbaseThatStaysLost: a batch whose input is gone for good ends, and what it
// would have paid is not owed any more.
func TestOutboxOfACoinbaseThatStaysLost(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, "bm1a")
	grow(x.chain, 100)
	x.step()
	b := x.state(BatchSigned)
	best, _ := x.chain.Best()
	x.chain.rewind(int(best))
	clear(x.chain.pool)
	grow(x.chain, int(b.TimeRange)+finalDepth)
	x.step()
	x.state(BatchGivenUp)
	a, _, err := x.books.Owner("bm1a")
	if must(t, err); a.Payable+a.Transit+a.Provisional+a.Paid+a.Overpaid != 0 {
		t.Errorf("%+v", a)
	}
	x.balanced()
}

// TestOutboxOfACoinbaseSpentByHand: payouts stop and tell at once, and what the batch would
// have paid is paid from other coinbases once that spend is deep. The operator lets them go on
// once: neither a restart nor the end of the batch stops them again for the same.
func TestOutboxOfACoinbaseSpentByHand(t *testing.T) {
	x := paying(t)
	b := x.state(BatchSigned)
	funds, err := x.books.Funds()
	must(t, err)
	clear(x.chain.pool)
	x.chain.mine([]byte{0x51}, spend(0, funds[:1], nil, funds[0].Amount-1000))
	x.step()
	x.step()
	x.restart()
	x.step()
	if why, err := x.books.Stopped(); err != nil || why == "" {
		t.Fatalf("not stopped, %v", err)
	}
	must(t, x.books.Resume())
	x.restart()
	x.step()
	x.state(BatchSigned)
	grow(x.chain, 100)
	x.step()
	x.state(BatchConflict)
	if got := x.kinds(); !slices.Equal(got, []string{NewsConflict, NewsConflict}) { // When it was spent, and when that was deep.
		t.Errorf("news %q", got)
	}
	if why, err := x.books.Stopped(); err != nil || why != "" {
		t.Errorf("stopped again: %s, %v", why, err)
	}
	x.settle(2*leastDue, "bm1d")
	grow(x.chain, 100)
	x.step()
	if again := x.state(BatchConflict, BatchSigned); slices.Equal(again.Inputs, b.Inputs) {
		t.Error("the same inputs")
	}
	x.mine()
	grow(x.chain, 100)
	x.step()
	x.paidOnce(1)
}

// TestAPayoutIsNoOtherSpend: a batch that is stored and mined while the settler looks at funds is
// not taken for somebody else's.
func TestAPayoutIsNoOtherSpend(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, "bm1a")
	grow(x.chain, 100)
	must(t, x.books.Follow(x.chain))
	must(t, x.books.Follow(&askedChain{x.chain, func() {
		must(t, x.out.Step(t.Context()))
		x.mine()
	}}))
	if why, err := x.books.Stopped(); err != nil || why != "" {
		t.Errorf("stopped: %q, %v", why, err)
	}
	grow(x.chain, 100)
	x.step()
	x.paidOnce(1)
}

// TestOutboxOfAnotherSpendThatIsUndone: what spent the coinbase leaves the main chain, and the
// payout is mined after all: nobody is paid twice.
func TestOutboxOfAnotherSpendThatIsUndone(t *testing.T) {
	x := paying(t)
	funds, err := x.books.Funds()
	must(t, err)
	clear(x.chain.pool)
	x.chain.mine([]byte{0x51}, spend(0, funds[:1], nil, funds[0].Amount-1000))
	grow(x.chain, 50)
	x.step()
	x.chain.rewind(51)
	grow(x.chain, 52)
	x.step()
	x.state(BatchSigned)
	x.mine()
	grow(x.chain, 100)
	x.step()
	x.state(BatchPaid)
	x.paidOnce(1)
}

// TestOutboxWithTheClockSetBack: by a day, in the middle of a payout.
func TestOutboxWithTheClockSetBack(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, "bm1a", "bm1b")
	grow(x.chain, 100)
	x.step()
	x.books.now = func() time.Time { return time.Now().Add(-24 * time.Hour) }
	x.restart()
	x.step()
	x.mine()
	x.step()
	grow(x.chain, 100)
	x.step()
	x.paidOnce(1)
}

// movingLog has something happen when it is first read.
type movingLog struct {
	*fakeLog
	first func()
}

func (l *movingLog) SharesBefore(sequence uint64, visit func(Share) bool) error {
	if first := l.first; first != nil {
		l.first = nil
		first()
	}
	return l.fakeLog.SharesBefore(sequence, visit)
}

// TestAVerificationOutlivesABlock: a payment is mined, and a block lost, while the splits are
// computed again, which takes a while. The books are right.
func TestAVerificationOutlivesABlock(t *testing.T) {
	p := newPool(t, Policy{Scheme: Solo})
	p.share("bm1a", quarter, 1)
	p.found(true)
	p.step()
	x := &till{t: t, chain: p.chain, books: p.books, every: 1, valid: 400}
	x.restart()
	grow(p.chain, 100)
	p.step()
	must(t, x.out.Step(t.Context()))
	x.state(BatchSigned)
	p.share("bm1b", quarter, 1)
	p.found(true)
	p.step()
	log := &movingLog{p.log, func() {
		p.chain.rewind(1)
		x.mine()
	}}
	r, err := p.books.Verify(t.Context(), log, p.chain)
	if err != nil || len(r.Problems) > 0 || r.Verified != 2 {
		t.Errorf("%+v, %v, expected two blocks and no problem", r, err)
	}
}

// TestOutboxMinedFarBelow: a reorganisation has the payout in a block that is further below the height at which it was stored than
// any should be. It is found there at once, and not after the week in which it is valid.
func TestOutboxMinedFarBelow(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, "bm1a", "bm1b")
	grow(x.chain, 300)
	x.step()
	b := x.state(BatchSigned)
	x.chain.rewind(150)
	if at := x.mine(); at.Height+finalDepth >= b.Height {
		t.Fatalf("mined at %d, stored at %d", at.Height, b.Height)
	}
	grow(x.chain, 160)
	x.step()
	x.state(BatchPaid)
	x.paidOnce(1)
}

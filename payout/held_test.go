package payout

import (
	"encoding/binary"
	"errors"
	"testing"
)

// TestAnOwnerIsPaidOnceItCanBe: an owner's program was not known for a while.
func TestAnOwnerIsPaidOnceItCanBe(t *testing.T) {
	x := newTill(t, pathIn(t))
	bad := true
	x.out.Program = func(owner string) ([]byte, error) {
		if bad {
			return nil, errors.New("no program")
		}
		return ownerProgram(owner)
	}
	x.settle(2*leastDue, "bm1a")
	grow(x.chain, 100)
	x.step()
	bad = false
	out := x.out.Program
	x.restart()
	x.out.Program = out
	for range 3 {
		grow(x.chain, 1)
		x.step()
		x.mine()
	}
	if got := len(x.chain.pool); got != 1 {
		t.Errorf("%d payments, expected one", got)
	}
}

// TestPayNowWhileStopped: what was promised is made once payouts are resumed.
func TestPayNowWhileStopped(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.every = 1_000_000
	x.restart()
	x.step()
	x.settle(2*leastDue, "bm1a")
	grow(x.chain, 100)
	x.out.PayNow()
	must(t, x.books.Stop("a moment"))
	x.step()
	must(t, x.books.Resume())
	x.step()
	x.state(BatchSigned)
}

// TestAnOwnerThatCannotBeReadHoldsUpNoPayment that is under way.
func TestAnOwnerThatCannotBeReadHoldsUpNoPayment(t *testing.T) {
	x := paying(t)
	must(t, x.books.update("damage", func(w *writer) error {
		return w.tx.Bucket(balancesBucket).Put([]byte(Payable("bm1a")), binary.BigEndian.AppendUint64(nil, 7))
	}))
	clear(x.chain.pool)
	x.restart()
	_ = x.out.Step(t.Context())
	if len(x.chain.pool) != 1 {
		t.Errorf("%d in the pool, expected the signed payment", len(x.chain.pool))
	}
}

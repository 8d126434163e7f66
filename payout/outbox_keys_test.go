package payout

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"
)

// oneKeySigner signs for one program.
type oneKeySigner struct{ program []byte }

func (s oneKeySigner) Sign(ctx context.Context, b Batch) (*types.Tx, error) {
	tx, err := TxOf(b.Unsigned)
	if err != nil {
		return nil, err
	}
	for _, in := range tx.Inputs {
		if !bytes.Equal(in.ControlProgram(), s.program) {
			return nil, errors.New("the key is gone")
		}
	}
	return fakeSigner{}.Sign(ctx, b)
}

// TestALostKeyKeepsNobodyForEver: the oldest coinbases are of a key that is gone. What they were
// to pay is promised once, given up, and paid by others first from then on.
func TestALostKeyKeepsNobodyForEver(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.out.Signer = oneKeySigner{program(2)}
	x.settle(2*leastDue, "bm1a") // Of program 1.
	grow(x.chain, 100)
	x.step()
	b := x.state(BatchStored)
	best, _ := x.chain.Best()
	grow(x.chain, int(b.TimeRange+finalDepth-best)-1)
	x.payee = program(2)
	x.settle(2*leastDue, "bm1b")
	grow(x.chain, 99)
	x.step()
	if all, err := x.books.Batches(); err != nil || all[0].State != BatchGivenUp {
		t.Fatalf("%+v, %v", all, err)
	}
	grow(x.chain, 2)
	x.step()
	x.mine()
	grow(x.chain, 100)
	x.step()
	x.paidOnce(1)
}

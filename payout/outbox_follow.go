package payout

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// follow brings a batch to where the main chain has its inputs, and on from there.
func (o *Outbox) follow(ctx context.Context, b Batch) error {
	if !b.Open() {
		delete(o.open, b.ID)
		return nil
	}
	if b.State == BatchMined && !o.placed(b) {
		if err := o.Books.Unmined(b.ID); err != nil {
			return err
		}
		delete(o.tried, b.ID) // At once again.
		b.State = BatchSigned
	}
	own, others := o.scan.spent(b)
	best, _ := o.Chain.Best()
	switch {
	case own != nil:
		return o.mined(b, *own, best)
	case len(others) > 0:
		return o.taken(b, others, best)
	case best >= b.TimeRange+finalDepth:
		return o.giveUp(b, best)
	case best >= b.TimeRange: // The next block can't have it, signed or not.
		delete(o.told, b.ID)
		return nil
	}
	return o.send(ctx, b, best)
}

// mined follows a batch that is in a block.
func (o *Outbox) mined(b Batch, at spender, best uint64) error {
	delete(o.told, b.ID)
	if b.State == BatchStored { // Signed and submitted elsewhere.
		raw, err := RawTx(at.tx)
		if err != nil {
			return err
		}
		if err := o.Books.SetSigned(b.ID, raw); err != nil {
			return err
		}
		b.State = BatchSigned
	}
	if b.State == BatchSigned {
		if err := o.Books.Mined(b.ID, at.block, at.height); err != nil {
			return err
		}
		o.Log.Info("a payout is in a block", "batch", b.ID.String(), "height", at.height, "owners", len(b.Payments), "neu", b.Paid())
	}
	if best < at.height+finalDepth {
		return nil
	}
	if err := o.Books.Paid(b.ID); err != nil {
		return err
	}
	o.reached(stepPaid)
	o.ended(b, NewsPaid, fmt.Sprintf("%d neu to %d owners in block %d, for a fee of %d", b.Paid(), len(b.Payments), at.height, b.Fee))
	return nil
}

// taken follows a batch of which another transaction spent inputs. The operator is told at
// once, and nothing new is paid; the batch ends only when that is deep: until then it may
// still be mined, and must not be paid by another batch too.
func (o *Outbox) taken(b Batch, others map[bc.Hash]spender, best uint64) error {
	inputs := slices.SortedFunc(maps.Keys(others), func(x, y bc.Hash) int { return slices.Compare(x.Bytes(), y.Bytes()) })
	lowest := others[inputs[0]]
	for _, by := range others {
		if by.height < lowest.height {
			lowest = by
		}
	}
	why := fmt.Sprintf("transaction %s spent %d of its inputs, at height %d", lowest.tx.ID.String(), len(others), lowest.height)
	if best < lowest.height+finalDepth {
		if b.Conflict == why {
			return nil
		}
		if err := o.Books.Contest(b.ID, why); err != nil {
			return err
		}
		o.tellOnce(News{Kind: NewsConflict, Batch: b.ID, Detail: why + "; payouts are stopped"})
		return nil
	}
	if err := o.Books.Conflict(b.ID, why, inputs...); err != nil {
		return err
	}
	o.ended(b, NewsConflict, why+"; what it would have paid is due again")
	o.loaded = false // What spent them may be a batch that had ended.
	return nil
}

// giveUp ends a batch that no block can have any more, unless an input is spent all the same.
func (o *Outbox) giveUp(b Batch, best uint64) error {
	input, err := o.missed(b)
	if err != nil {
		return err
	}
	if input != nil {
		if own, others := o.scan.spent(b); own == nil && len(others) == 0 {
			return fmt.Errorf("its input %s is spent, and no block from height %d on has what spends it", input.Output.String(), input.Height)
		}
		return nil // The next pass knows by what.
	}
	if err := o.Books.GiveUp(b.ID, best); err != nil {
		return err
	}
	o.reached(stepGivenUp)
	o.ended(b, NewsGivenUp, fmt.Sprintf("it was valid up to height %d and is in no block: what it would have paid is due again", b.TimeRange))
	return nil
}

// missed is an input of a batch that is spent, though none was seen to be; nil if there is none. What spends it is looked for in
// all blocks since it was made: a reorganisation may have brought it further down than the scan begins.
func (o *Outbox) missed(b Batch) (*Fund, error) {
	funds, err := o.Books.Funds()
	if err != nil {
		return nil, err
	}
	for _, f := range funds {
		if !slices.Contains(b.Inputs, f.Output) || f.State == FundAbsent {
			continue // Of a block that is not on the main chain, nothing is spent there.
		}
		unspent, err := o.Chain.Unspent(f.Output)
		if err != nil {
			return nil, err
		}
		if !unspent {
			return &f, o.scan.deeper(o.Chain, f.Height)
		}
	}
	return nil, nil
}

// send signs a batch if that is to be done, and submits it. An error of the submit says
// nothing: the chain is asked what became of it.
func (o *Outbox) send(ctx context.Context, b Batch, best uint64) error {
	// At once where it was signed by hand, or is no longer in conflict.
	news := b.State == BatchSigned && o.told[b.ID] != ""
	if at, ok := o.tried[b.ID]; ok && best < at+tryEvery && best >= at && !news {
		return nil
	}
	if input, err := o.missed(b); err != nil {
		return err
	} else if own, others := o.scan.spent(b); input != nil && (own != nil || len(others) > 0) {
		return o.follow(ctx, b)
	}
	o.tried[b.ID] = best
	if b.State == BatchStored {
		if o.Signer == nil {
			o.tellOnce(News{Kind: NewsByHand, Batch: b.ID, Detail: "there is no wallet's password: it is to be signed by hand"})
			return nil
		}
		tx, err := o.Signer.Sign(ctx, b)
		if err != nil {
			o.tellOnce(News{Kind: NewsByHand, Batch: b.ID, Detail: err.Error()})
			return nil
		}
		o.reached(stepSigned)
		if b.Signed, err = RawTx(tx); err != nil {
			return err
		}
		if err := o.Books.SetSigned(b.ID, b.Signed); err != nil {
			return err
		}
	}
	delete(o.told, b.ID)
	tx, err := b.Tx()
	if err != nil {
		return err
	}
	o.reached(stepBytes)
	o.submit(b.ID, tx)
	o.reached(stepSubmitted)
	return nil
}

// submit logs an error once: a batch whose input a deep reorganisation took away has the same for a week.
func (o *Outbox) submit(id bc.Hash, tx *types.Tx) {
	err := o.Chain.Submit(tx)
	switch {
	case err == nil:
		delete(o.refused, id)
	case err.Error() != o.refused[id]:
		o.refused[id] = err.Error()
		o.Log.Warn("a payout's submit gave an error, which says nothing: it is looked for in blocks, and submitted again", "batch", id.String(), "error", err)
	}
}

package payout

import "fmt"

// revive has a batch followed again that had ended, if the main chain has it after all. It
// reports whether that is so.
func (o *Outbox) revive(b Batch, funds map[string]Fund) (bool, error) {
	best, _ := o.Chain.Best()
	from := b.Height
	for _, input := range b.Inputs {
		f := funds[input.String()]
		from = min(from, f.Height) // A deep reorganisation may have it in any block above its inputs.
		if f.State != FundReady && f.State != FundTaken {
			return false, nil // Another batch's. If that ends, this one is looked at again.
		}
		if unspent, err := o.Chain.Unspent(input); err != nil || unspent {
			if unspent && best < b.TimeRange {
				o.undone = append(o.undone, input)
			}
			return false, err
		}
	}
	top := min(best, b.TimeRange)
	hash, ok := o.Chain.MainHash(top)
	if !ok || o.searched[b.ID] == hash {
		return false, nil // The same block has the same below it.
	}
	for height := from; height <= top; height++ {
		at, ok := o.Chain.MainHash(height)
		if !ok {
			return false, nil
		}
		block, err := o.Chain.Block(at)
		if err != nil {
			return false, err
		}
		for _, tx := range block.Transactions {
			if tx.ID != b.ID {
				continue
			}
			signed, err := RawTx(tx)
			if err != nil {
				return false, err
			}
			if err := o.Books.Revive(b.ID, at, height, signed); err != nil {
				return false, err
			}
			o.tell(News{Kind: NewsConflict, Batch: b.ID, Detail: fmt.Sprintf("it had ended as %s, and is in block %d after all; payouts are stopped", b.State, height)})
			return true, nil
		}
	}
	o.searched[b.ID] = hash
	return false, nil
}

// redone reports whether an input of an ended batch that a reorganisation had made unspent is spent: it may be by that batch.
func (o *Outbox) redone() (bool, error) {
	for _, input := range o.undone {
		if unspent, err := o.Chain.Unspent(input); err != nil || !unspent {
			return err == nil, err
		}
	}
	return false, nil
}

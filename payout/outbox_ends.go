package payout

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bytom/bytom/protocol/bc"
)

// GiveUp ends a batch that can't be mined any more at the main chain's height: what it would
// have paid is payable again, and its inputs are ready. The caller knows that the height is
// deep enough above the TimeRange for a reorganisation to bring no block that may have it.
func (b *Books) GiveUp(id bc.Hash, height uint64) error {
	return b.change(id, "give up", func(w *writer, batch *Batch) error {
		if height <= batch.TimeRange {
			return fmt.Errorf("%w: it may be mined up to height %d, and the chain is at %d", ErrBatchState, batch.TimeRange, height)
		}
		batch.State = BatchGivenUp
		return w.end(batch, KindGivenUp, make(changes))
	}, BatchStored, BatchSigned)
}

// Contest records why a batch may not be mined any more: another transaction spent inputs of it,
// in a block that may still be undone. Payouts are stopped until Resume, since nobody but the node
// should spend what is others' money; the same reason stops them once.
func (b *Books) Contest(id bc.Hash, why string) error {
	return b.change(id, "contest", func(w *writer, batch *Batch) error { return w.contest(batch, why) }, BatchStored, BatchSigned)
}

func (w *writer) contest(batch *Batch, why string) error {
	if batch.Conflict == why {
		return nil // The operator knows, and may have resumed.
	}
	batch.Conflict = why
	return w.stopOnce(fmt.Sprintf("batch %s: %s", batch.ID.String(), why))
}

// Conflict ends a batch of which another transaction spent inputs: these are lost, the others
// ready again, and what it would have paid is payable. It stops payouts as Contest does.
func (b *Books) Conflict(id bc.Hash, why string, spent ...bc.Hash) error {
	err := b.change(id, "conflict", func(w *writer, batch *Batch) error {
		c := make(changes)
		for _, output := range spent {
			f, err := w.fund(output)
			if err != nil {
				return err
			}
			if f.State != FundStaged || !slices.Contains(batch.Inputs, output) {
				return fmt.Errorf("%w: %s is %s, expected a staged input of it", errBehind, output.String(), f.State)
			}
			c.move(Spendable, Reserve, int64(f.Amount))
			f.UsedBy = nil
			if err := w.setFund(f, FundTaken); err != nil {
				return err
			}
		}
		batch.State = BatchConflict
		if err := w.end(batch, KindConflict, c); err != nil {
			return err
		}
		return w.contest(batch, why)
	}, BatchStored, BatchSigned)
	if err == nil {
		b.log.Warn("another transaction spent what a payout was to spend", "batch", id.String(), "why", why)
	}
	return err
}

// Revive has a batch followed again that had ended, and is in a block of the main chain after all:
// a reorganisation brought that, deeper than any was thought to be. What it pays is in transit
// once more, and an owner to whom less is due is overpaid. Payouts are stopped until Resume.
func (b *Books) Revive(id, block bc.Hash, height uint64, signed Hex) error {
	return b.change(id, "mined after all", func(w *writer, batch *Batch) error {
		c := make(changes)
		for _, p := range batch.Payments {
			c.move(Transit(p.Owner), Payable(p.Owner), int64(p.Amount))
		}
		for _, input := range batch.Inputs {
			f, err := w.fund(input)
			if err != nil {
				return err
			}
			switch f.State {
			case FundReady:
			case FundTaken:
				c.move(Reserve, Spendable, int64(f.Amount))
			default:
				return fmt.Errorf("its input %s is %s, expected %s or %s", input.String(), f.State, FundReady, FundTaken)
			}
			f.UsedBy = &batch.ID
			if err := w.setFund(f, FundStaged); err != nil {
				return err
			}
		}
		why := fmt.Sprintf("batch %s had ended as %s, and is in block %d after all: what it pays counts, and who was paid again is overpaid; see 'payouts owners', and resume",
			id.String(), batch.State, height)
		batch.State, batch.Conflict, batch.Block, batch.MinedAt, batch.Signed = BatchMined, "", &block, height, signed
		return errors.Join(w.post(KindStaged, id.String(), c), w.stop(why))
	}, BatchGivenUp, BatchConflict)
}

// end gives back what a batch had taken, with more changes in the same entry.
func (w *writer) end(batch *Batch, kind string, c changes) error {
	for _, p := range batch.Payments {
		c.move(Payable(p.Owner), Transit(p.Owner), int64(p.Amount))
	}
	for _, input := range batch.Inputs {
		f, err := w.fund(input)
		if err != nil {
			return err
		}
		if f.UsedBy == nil || *f.UsedBy != batch.ID {
			continue // A conflict's.
		}
		f.UsedBy = nil
		state := f.State
		if state == FundStaged {
			state = FundReady
		}
		if err := w.setFund(f, state); err != nil {
			return err
		}
	}
	return w.post(kind, batch.ID.String(), c)
}

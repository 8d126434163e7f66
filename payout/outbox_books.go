package payout

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc"
)

var (
	// ErrNoBatch is the kind of error that an unknown batch gives.
	ErrNoBatch = errors.New("there is no such batch")
	// ErrBatchState is the kind of error of a step that a batch's state does not allow.
	ErrBatchState = errors.New("the batch's state does not allow it")
	// ErrStopped is the kind of error that Stage gives while payouts are stopped.
	ErrStopped = errors.New("payouts are stopped")
	// errBehind is the kind of error of a step that the Settler is to come before, or came before since the
	// books were read: it follows the same chain, in passes of its own.
	errBehind = errors.New("the books are behind the chain, or have changed")
)

// Batches are all there were, in their order.
func (b *Books) Batches() (all []Batch, err error) {
	err = b.view(func(tx *bolt.Tx) error { all, err = readBatches(tx); return err })
	return all, err
}

func readBatches(tx *bolt.Tx) (all []Batch, err error) {
	err = each(tx.Bucket(batchesBucket), func(x Batch) error { all = append(all, x); return nil })
	slices.SortFunc(all, func(a, b Batch) int { return cmp.Compare(a.Number, b.Number) })
	return all, err
}

// Batch is the batch of a transaction's id; the error is of kind ErrNoBatch if there is none.
func (b *Books) Batch(id bc.Hash) (batch Batch, err error) {
	err = b.view(func(tx *bolt.Tx) error { batch, err = readBatch(tx, id); return err })
	return batch, err
}

func readBatch(tx *bolt.Tx, id bc.Hash) (batch Batch, err error) {
	there, err := getJSON(tx.Bucket(batchesBucket), id.Bytes(), &batch)
	if err == nil && !there {
		err = fmt.Errorf("%w: %s", ErrNoBatch, id.String())
	}
	return batch, err
}

func (w *writer) setBatch(batch Batch) error {
	return putJSON(w.tx.Bucket(batchesBucket), batch.ID.Bytes(), batch)
}

// change is a change of one batch that is in one of some states.
func (b *Books) change(id bc.Hash, what string, do func(w *writer, batch *Batch) error, states ...BatchState) error {
	return b.update(fmt.Sprintf("batch %s: %s", id.String(), what), func(w *writer) error {
		batch, err := readBatch(w.tx, id)
		if err != nil {
			return err
		}
		if !slices.Contains(states, batch.State) {
			return fmt.Errorf("%w: it is %s, expected one of %q", ErrBatchState, batch.State, states)
		}
		if err := do(w, &batch); err != nil {
			return err
		}
		return w.setBatch(batch)
	})
}

// Stage stores a batch before anything of it leaves the node: what it pays is in transit
// then, and no other batch can have its inputs. Number, At and State are filled in. It is
// refused where an input is not ready, where an owner is due less, and where inputs and
// outputs differ.
func (b *Books) Stage(batch Batch) error {
	return b.update("stage batch "+batch.ID.String(), func(w *writer) error {
		if why, err := stopped(w.tx); err != nil || why != "" {
			return errors.Join(err, fmt.Errorf("%w: %s", ErrStopped, why))
		}
		if w.tx.Bucket(batchesBucket).Get(batch.ID.Bytes()) != nil {
			return errors.New("it is stored already")
		}
		if err := batch.checkTx(); err != nil {
			return err
		}
		in := uint64(0)
		for _, input := range batch.Inputs {
			f, err := w.fund(input)
			if err != nil {
				return err
			}
			if f.State != FundReady {
				return fmt.Errorf("%w: its input %s is %s, expected %s", errBehind, input.String(), f.State, FundReady)
			}
			in += f.Amount
			f.UsedBy = &batch.ID
			if err := w.setFund(f, FundStaged); err != nil {
				return err
			}
		}
		if out := batch.Paid() + batch.Fee + batch.changed(); in != out || len(batch.Payments) == 0 {
			return fmt.Errorf("%d payments, fee and change sum to %d neu, expected its inputs' %d", len(batch.Payments), out, in)
		}
		if err := w.postTransit(&batch); err != nil {
			return err
		}
		all, err := readBatches(w.tx)
		if err != nil {
			return err
		}
		batch.Number, batch.At, batch.State = uint64(len(all))+1, w.now, BatchStored
		return w.setBatch(batch)
	})
}

// postTransit moves what a batch pays from payable to in transit, as far as it is due.
func (w *writer) postTransit(batch *Batch) error {
	c := make(changes)
	for _, p := range batch.Payments {
		c.move(Transit(p.Owner), Payable(p.Owner), int64(p.Amount))
		due, err := readBalance(w.tx.Bucket(balancesBucket), Payable(p.Owner))
		if err != nil {
			return err
		}
		if p.Owner == "" || p.Amount == 0 || c[Payable(p.Owner)] > -due {
			return fmt.Errorf("%w: %d neu to owner %q, to whom %d are due", errBehind, p.Amount, p.Owner, -due)
		}
	}
	return w.post(KindStaged, batch.ID.String(), c)
}

// checkTx holds the numbers of a batch to its transaction.
func (b Batch) checkTx() error {
	tx, err := TxOf(b.Unsigned)
	if err != nil {
		return err
	}
	if tx.ID != b.ID || tx.TimeRange != b.TimeRange || b.TimeRange == 0 {
		return fmt.Errorf("its transaction is %s with time range %d, expected %s with %d, which is not 0", tx.ID.String(), tx.TimeRange, b.ID.String(), b.TimeRange)
	}
	if !slices.Equal(sortedHashes(tx.SpentOutputIDs), sortedHashes(b.Inputs)) { // Bytom lists them in no order.
		return errors.New("its transaction has other inputs")
	}
	out := uint64(0)
	for _, o := range tx.Outputs {
		out += o.Amount
	}
	if want := b.Paid() + b.changed(); out != want {
		return fmt.Errorf("its transaction's outputs have %d neu, expected %d", out, want)
	}
	return nil
}

// sortedHashes are hashes in the order of their bytes.
func sortedHashes(hashes []bc.Hash) []bc.Hash {
	return slices.SortedFunc(slices.Values(hashes), func(a, b bc.Hash) int { return bytes.Compare(a.Bytes(), b.Bytes()) })
}

// changed is the change's worth.
func (b Batch) changed() uint64 {
	if b.Change == nil {
		return 0
	}
	return b.Change.Amount
}

// SetSigned stores a batch's signed transaction, before it is submitted.
func (b *Books) SetSigned(id bc.Hash, signed Hex) error {
	return b.change(id, "sign", func(_ *writer, batch *Batch) error {
		tx, err := TxOf(signed)
		if err != nil {
			return err
		}
		if tx.ID != id {
			return fmt.Errorf("the signed transaction is %s", tx.ID.String())
		}
		batch.Signed, batch.State = signed, BatchSigned
		return nil
	}, BatchStored, BatchSigned)
}

// Mined records the block of the main chain that has a batch's transaction.
func (b *Books) Mined(id, block bc.Hash, height uint64) error {
	return b.change(id, "mined", func(_ *writer, batch *Batch) error {
		batch.State, batch.Block, batch.MinedAt = BatchMined, &block, height
		return nil
	}, BatchSigned, BatchMined)
}

// Unmined records that a batch's transaction is not on the main chain, or no longer; a paid
// one is in transit again, with all that was built on its change.
func (b *Books) Unmined(id bc.Hash) error {
	return b.update("batch "+id.String()+" is not mined", func(w *writer) error { return w.unmine(id) })
}

func (w *writer) unmine(id bc.Hash) error {
	batch, err := readBatch(w.tx, id)
	if err != nil {
		return err
	}
	if batch.State == BatchPaid {
		if err := w.unpay(&batch); err != nil {
			return err
		}
	}
	if batch.State != BatchMined {
		return nil
	}
	batch.State, batch.Block, batch.MinedAt = BatchSigned, nil, 0
	return w.setBatch(batch)
}

// paying is what changes when a batch is paid.
func (b Batch) paying() changes {
	c := make(changes)
	for _, p := range b.Payments {
		c.move(Spendable, Transit(p.Owner), int64(p.Amount))
	}
	c.move(Spendable, TxFee, int64(b.Fee))
	return c
}

// Paid records that a batch's block is deep enough. Its change is a fund then.
func (b *Books) Paid(id bc.Hash) error {
	return b.change(id, "paid", func(w *writer, batch *Batch) error {
		for _, input := range batch.Inputs {
			f, err := w.fund(input)
			if err != nil {
				return err
			}
			if f.State != FundStaged {
				return fmt.Errorf("%w: its input %s is %s, expected %s", errBehind, input.String(), f.State, FundStaged)
			}
			if err := w.setFund(f, FundSpent); err != nil {
				return err
			}
		}
		batch.State = BatchPaid
		if batch.Change != nil {
			change := *batch.Change
			if old, err := w.fund(change.Output); err == nil {
				change = old // It was paid before.
			}
			change.Batch, change.Height = &batch.ID, batch.MinedAt
			if err := w.restore(change); err != nil {
				return err
			}
		}
		return w.post(KindPaid, id.String(), batch.paying())
	}, BatchMined)
}

// unpay is Paid's reverse. What was built on the change goes first.
func (w *writer) unpay(batch *Batch) error {
	if batch.Change != nil {
		if err := w.lose(batch.Change.Output); err != nil {
			return err
		}
	}
	for _, input := range batch.Inputs {
		f, err := w.fund(input)
		if err != nil {
			return err
		}
		if err := w.setFund(f, FundStaged); err != nil {
			return err
		}
	}
	batch.State = BatchMined
	return errors.Join(w.setBatch(*batch), w.post(KindUnpaid, batch.ID.String(), batch.paying().negated()))
}

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

var errNoFund = errors.New("payouts have no such fund")

// Funds are all outputs that payouts ever had, the oldest first.
func (b *Books) Funds() (all []Fund, err error) {
	err = b.view(func(tx *bolt.Tx) error { all, err = readFunds(tx); return err })
	return all, err
}

func readFunds(tx *bolt.Tx) (all []Fund, err error) {
	err = each(tx.Bucket(fundsBucket), func(f Fund) error { all = append(all, f); return nil })
	slices.SortFunc(all, func(a, b Fund) int {
		return cmp.Or(cmp.Compare(a.Height, b.Height), bytes.Compare(a.Output.Bytes(), b.Output.Bytes()))
	})
	return all, err
}

func (w *writer) fund(output bc.Hash) (f Fund, err error) {
	there, err := getJSON(w.tx.Bucket(fundsBucket), output.Bytes(), &f)
	if err == nil && !there {
		err = fmt.Errorf("%w: %s", errNoFund, output.String())
	}
	return f, err
}

// setFund stores a fund in a state.
func (w *writer) setFund(f Fund, state FundState) error {
	f.State = state
	return putJSON(w.tx.Bucket(fundsBucket), f.Output.Bytes(), f)
}

// restore has a fund on the main chain, new or again; its worth is in Spendable by the entry
// around it.
func (w *writer) restore(f Fund) error {
	if f.UsedBy != nil {
		return w.setFund(f, FundStaged)
	}
	return w.setFund(f, FundReady)
}

// lose has a fund off the main chain, with all that was built on it. Its worth is in Spendable
// then, and the entry around it takes it out.
func (w *writer) lose(output bc.Hash) error {
	f, err := w.fund(output)
	if err != nil {
		return err
	}
	switch f.State {
	case FundTaken:
		return w.untake(output, FundAbsent)
	case FundSpent, FundStaged:
		if err := w.unmine(*f.UsedBy); err != nil {
			return err
		}
	}
	return w.setFund(f, FundAbsent)
}

// take counts a fund that another transaction spent as the operator's withdrawal, unless a batch
// has it by now.
func (w *writer) take(output bc.Hash) (taken bool, err error) {
	f, err := w.fund(output)
	if err != nil || f.State != FundReady {
		return false, err
	}
	c := make(changes)
	c.move(Spendable, Reserve, int64(f.Amount))
	return true, errors.Join(w.post(KindTaken, output.String(), c), w.setFund(f, FundTaken))
}

// untake is take's reverse.
func (w *writer) untake(output bc.Hash, state FundState) error {
	f, err := w.fund(output)
	if err != nil || f.State != FundTaken {
		return err
	}
	c := make(changes)
	c.move(Reserve, Spendable, int64(f.Amount))
	return errors.Join(w.post(KindUntaken, output.String(), c), w.setFund(f, state))
}

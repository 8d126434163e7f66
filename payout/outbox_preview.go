package payout

import "github.com/bytom-solo/bytom-solo/payout/transaction"

// Preview is what would be paid now.
type Preview struct {
	// Batches are as Stage would get them, and Held the owners that can't be paid, each with the
	// reason.
	Batches []Batch
	Held    []Owner
	// Stopped is why nothing is paid; empty if it is.
	Stopped string
	// Unpaid is what is due, in neu, and not covered by the funds that can be spent.
	Unpaid uint64
}

// Preview says what would be paid if it were time, and changes nothing. It is safe for
// concurrent use.
func (o *Outbox) Preview() (p Preview, err error) {
	if p.Stopped, err = o.Books.Stopped(); err != nil {
		return p, err
	}
	dues, held, least, err := o.owed()
	if err != nil {
		return p, err
	}
	p.Held = held
	groups, err := o.funds()
	if err != nil {
		return p, err
	}
	best, _ := o.Chain.Best()
	for _, group := range groups {
		if len(dues) == 0 {
			break
		}
		batches, err := o.plan(group, dues, least, best)
		if err != nil {
			return p, err
		}
		p.Batches = append(p.Batches, batches...)
		dues = without(dues, batches, least)
	}
	for _, due := range dues {
		p.Unpaid += due.Amount
	}
	return p, nil
}

// without are the dues that are left behind some batches.
func without(dues []transaction.Payment, batches []Batch, least uint64) (left []transaction.Payment) {
	paid := make(map[string]uint64)
	for _, b := range batches {
		for _, p := range b.Payments {
			paid[p.Owner] += p.Amount
		}
	}
	for _, due := range dues {
		if due.Amount -= paid[due.Owner]; due.Amount >= least {
			left = append(left, due)
		}
	}
	return left
}

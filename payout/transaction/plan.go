package transaction

import (
	"cmp"
	"fmt"
	"slices"
)

// Terms are what the transactions of one plan have in common.
type Terms struct {
	// TimeRange is the last height of a block that may have them.
	TimeRange uint64
	// Change is the program that what is left over comes back to; Keys and Quorum are those
	// of its script, if it is one (see Input).
	Change       []byte
	Keys, Quorum int
	// Least is the least payment, in neu: an owner whose payment has to be divided gets no
	// part below it.
	Least uint64
}

// Plan pays what is due out of inputs, in as few transactions as it finds: the inputs in
// their order and no more than needed, the owners by name, each transaction filled up to
// what the chain lets it have. A payment that the inputs of a transaction do not cover is
// divided between it and the next. Where all inputs together do not cover all payments and
// fees, the largest payments are cut to one level, and the rest is left due. The same
// arguments give the same transactions, and each input is in one of them at most.
func Plan(inputs []Input, dues []Payment, terms Terms) ([]Transaction, error) {
	if err := check(inputs, dues, terms); err != nil {
		return nil, fmt.Errorf("plan payments: %w", err)
	}
	p := &planner{terms: terms, inputs: inputs, dues: slices.Clone(dues)}
	slices.SortStableFunc(p.dues, func(a, b Payment) int { return cmp.Compare(a.Owner, b.Owner) })
	p.dues = affordable(p.dues, p.available(), terms.Least)
	var all []Transaction
	for {
		d := p.next()
		if len(d.payments) == 0 {
			return all, nil
		}
		t, err := d.build()
		if err != nil {
			return nil, fmt.Errorf("plan payments: transaction %d: %w", len(all)+1, err)
		}
		all = append(all, t)
	}
}

func check(inputs []Input, dues []Payment, terms Terms) error {
	for i, in := range inputs {
		if err := in.valid(); err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
	}
	for _, due := range dues {
		if err := Standard(due.Program); err != nil {
			return fmt.Errorf("owner %q: %w", due.Owner, err)
		}
		if due.Amount == 0 {
			return fmt.Errorf("owner %q: 0 neu, expected more", due.Owner)
		}
	}
	back := Input{Program: terms.Change, Keys: terms.Keys, Quorum: terms.Quorum}
	if err := back.valid(); err != nil {
		return fmt.Errorf("change: %w", err)
	}
	return nil
}

// planner is what is not spent and not paid yet.
type planner struct {
	terms  Terms
	inputs []Input
	spent  int
	dues   []Payment
}

// available is what the inputs that are left have when the fees of paying all are taken off; a little less,
// since it is not known yet how many transactions that takes.
func (p *planner) available() uint64 {
	gas, checks, in := uint64(0), uint64(0), uint64(0)
	for _, i := range p.inputs[p.spent:] {
		gas, checks, in = gas+i.gas(), checks+i.check(), in+i.Amount
	}
	for _, d := range p.dues {
		gas += outputGas(d.Program, d.Amount)
	}
	// A divided payment has an output more, each transaction one change.
	each := newDraft(p.terms).gas + outputGas(p.terms.Change, 1<<62)
	count := 2 + gas/(maxGas/2) + checks/(maxChecks/2)
	used := fee(gas + count*each)
	return in - min(in, used)
}

// affordable cuts the largest payments to the level at which all sum to what is available,
// to the neu. Where that is below the least payment, the smallest are paid in full instead,
// as many as it can be.
func affordable(dues []Payment, available, least uint64) []Payment {
	ascending := slices.Clone(dues)
	slices.SortStableFunc(ascending, func(a, b Payment) int { return cmp.Compare(a.Amount, b.Amount) })
	left := available
	for i, d := range ascending {
		level := left / uint64(len(ascending)-i)
		if d.Amount <= level {
			left -= d.Amount
			continue
		}
		if level < max(least, 1) {
			return paidInFull(dues, ascending, available)
		}
		paid := slices.Clone(dues)
		for j := range paid {
			paid[j].Amount = min(paid[j].Amount, level)
		}
		return paid
	}
	return dues
}

// paidInFull are the smallest payments that can be made, in the order of dues.
func paidInFull(dues, ascending []Payment, available uint64) (paid []Payment) {
	chosen := make(map[string]bool)
	for _, d := range ascending {
		if d.Amount > available {
			break
		}
		available -= d.Amount
		chosen[d.Owner] = true
	}
	for _, d := range dues {
		if chosen[d.Owner] {
			paid = append(paid, d)
		}
	}
	return paid
}

// next fills a transaction; without payments where nothing can be paid any more. Where the
// inputs are just enough for all, none is spent in part while payments are left: its change
// would be missing.
func (p *planner) next() *draft {
	spare := p.available()
	for _, due := range p.dues {
		spare -= min(spare, due.Amount)
	}
	before := *p
	d := p.fill(len(p.inputs))
	if len(p.dues) > 0 && len(d.inputs) > 1 && d.left(0) > spare {
		*p = before
		d = p.fill(len(d.inputs) - 1)
	}
	return d
}

// fill fills a transaction of some inputs at most.
func (p *planner) fill(most int) *draft {
	d := newDraft(p.terms)
	var rest []Payment
	for i, due := range p.dues {
		gas := outputGas(due.Program, due.Amount)
		if d.gas+gas > maxGas {
			rest = append(rest, p.dues[i:]...)
			break
		}
		for d.left(gas) < due.Amount && len(d.inputs) < most && p.spent < len(p.inputs) && d.spend(p.inputs[p.spent], p.spent, gas) {
			p.spent++
		}
		part := min(due.Amount, d.left(gas))
		if part < due.Amount { // What is left has to be a payment as well.
			part = min(part, due.Amount-min(due.Amount, p.terms.Least))
		}
		if part < due.Amount && part < max(p.terms.Least, 1) {
			rest = append(rest, due) // The next transaction's.
			continue
		}
		paid := due
		paid.Amount = part
		d.pay(paid, gas)
		if due.Amount -= part; due.Amount > 0 {
			rest = append(rest, due)
		}
	}
	p.dues = rest
	return d
}

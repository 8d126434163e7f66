package transaction

import (
	"errors"
	"fmt"

	"github.com/bytom/bytom/protocol/bc/types"
)

// Transaction pays some owners. Its id is known, which does not depend on signatures.
type Transaction struct {
	// Tx is not signed.
	Tx *types.Tx
	// Inputs are its inputs' places in the list that it was planned from.
	Inputs []int
	// Payments are its outputs, in their order; where Change is above 0, one more output
	// comes back. Fee is the network's. In neu.
	Payments []Payment
	Fee      uint64
	Change   uint64
}

// draft is a transaction that is not full yet.
type draft struct {
	terms    Terms
	inputs   []Input
	places   []int
	payments []Payment
	in, paid uint64
	// gas is a bound of what it uses with a change output, checks the inputs' part of that.
	gas, checks uint64
}

func newDraft(terms Terms) *draft {
	return &draft{terms: terms, gas: empty(terms.TimeRange) + outputGas(terms.Change, 1<<62)}
}

// spend adds an input, if with it and an output more the chain's limits are kept.
func (d *draft) spend(in Input, place int, room uint64) bool {
	gas, check := in.gas(), in.check()
	if d.checks+check > maxChecks || d.gas+gas+room > maxGas {
		return false
	}
	d.gas, d.checks, d.in = d.gas+gas, d.checks+check, d.in+in.Amount
	d.inputs, d.places = append(d.inputs, in), append(d.places, place)
	return true
}

// left is what its inputs have for an output of some gas.
func (d *draft) left(gas uint64) uint64 {
	used := d.paid + fee(d.gas+gas)
	return d.in - min(used, d.in)
}

func (d *draft) pay(p Payment, gas uint64) {
	d.gas, d.paid = d.gas+gas, d.paid+p.Amount
	d.payments = append(d.payments, p)
}

// build makes the transaction, with the least fee that the chain takes, and change where that
// is worth more than what spending it costs.
func (d *draft) build() (Transaction, error) {
	data := types.TxData{Version: 1, TimeRange: d.terms.TimeRange}
	for _, in := range d.inputs {
		data.Inputs = append(data.Inputs, in.blank())
	}
	for _, p := range d.payments {
		data.Outputs = append(data.Outputs, output(p.Program, p.Amount))
	}
	t := Transaction{Inputs: d.places, Payments: d.payments, Fee: d.in - d.paid}
	if d.paid+fee(size(data)+d.checks) > d.in {
		return t, fmt.Errorf("inputs of %d neu for payments of %d and a fee of %d", d.in, d.paid, fee(size(data)+d.checks))
	}
	back := Input{Amount: t.Fee, Program: d.terms.Change, Keys: d.terms.Keys, Quorum: d.terms.Quorum}
	changed := data
	changed.Outputs = append(data.Outputs, output(back.Program, back.Amount))
	if least := fee(size(changed) + d.checks); t.Fee > least+fee(back.gas()) {
		t.Fee, t.Change = least, t.Fee-least
		changed.Outputs[len(d.payments)].Amount = t.Change
		data = changed
	}
	if len(data.Outputs) == 0 {
		return t, errors.New("a transaction without outputs")
	}
	data.Inputs = nil
	for _, in := range d.inputs {
		data.Inputs = append(data.Inputs, in.unsigned())
	}
	data.SerializedSize = size(data)
	t.Tx = types.NewTx(data)
	return t, nil
}

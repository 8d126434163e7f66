package payout

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/payout/transaction"
)

// choose stores batches for what is due, if it is time. more says that there are new ones.
func (o *Outbox) choose() (more bool, err error) {
	best, _ := o.Chain.Best()
	now, chosen := o.now.Swap(false), false
	if o.FollowOnly || o.ever && best/o.Every <= o.last && !now {
		return false, nil
	}
	defer func() {
		if now && !chosen {
			o.now.Store(true) // It was promised.
		}
	}()
	if why, err := o.Books.Stopped(); err != nil || why != "" {
		return false, err // Once they are resumed.
	}
	if err := o.release(); err != nil {
		return false, err
	}
	dues, least, err := o.dues()
	if err != nil {
		return false, err
	}
	groups, err := o.funds()
	if err != nil {
		return false, err
	}
	for _, group := range groups {
		if len(dues) == 0 {
			break
		}
		staged, err := o.stage(group, dues, least, best)
		more = more || staged
		if err != nil {
			return more, o.patient(bc.Hash{}, err) // The next pass chooses anew.
		}
		if dues, _, err = o.dues(); err != nil {
			return more, err
		}
	}
	o.last, o.ever, chosen = best/o.Every, true, true
	delete(o.behind, bc.Hash{})
	return more, nil
}

// dues are the payments to the owners that are due the least payment or more. One without a
// program is set aside.
func (o *Outbox) dues() (dues []transaction.Payment, least uint64, err error) {
	dues, bad, least, err := o.owed()
	if err != nil {
		return nil, 0, err
	}
	for _, held := range bad {
		if err := o.Books.Hold(held.Owner, held.Held); err != nil {
			return nil, 0, err
		}
		o.tell(News{Kind: NewsHeld, Owner: held.Owner, Detail: held.Held})
	}
	return dues, least, nil
}

// owed are the payments that are due, and the owners among them that can't be paid, with the
// reason. It changes nothing.
func (o *Outbox) owed() (dues []transaction.Payment, bad []Owner, least uint64, err error) {
	policies, err := o.Books.Policies()
	if err != nil {
		return nil, nil, 0, err
	}
	least = max(policyOf(policies, uint32(len(policies))).Least, 1)
	owners, err := o.Books.Owners()
	if err != nil {
		return nil, nil, 0, err
	}
	for _, owner := range owners {
		if owner.Held != "" || owner.Payable < least {
			continue
		}
		program, err := o.Program(owner.Owner)
		if err == nil {
			err = transaction.Standard(program)
		}
		if err != nil {
			owner.Held = err.Error()
			bad = append(bad, owner)
			continue
		}
		dues = append(dues, transaction.Payment{Owner: owner.Owner, Program: program, Amount: owner.Payable})
	}
	return dues, bad, least, nil
}

// fundGroup are funds of one program, the oldest first, which one wallet can sign for.
type fundGroup struct {
	funds  []Fund
	inputs []transaction.Input
}

// funds are those that can be spent now.
func (o *Outbox) funds() (groups []*fundGroup, err error) {
	all, err := o.Books.Funds()
	if err != nil {
		return nil, err
	}
	byProgram := make(map[string]*fundGroup)
	for _, f := range all {
		if f.State != FundReady {
			continue
		}
		if unspent, err := o.Chain.Unspent(f.Output); err != nil {
			return nil, err
		} else if !unspent {
			continue // The settler's next pass finds out why.
		}
		in := transaction.Input{SourceID: f.SourceID, SourcePos: f.SourcePos, Amount: f.Amount, Program: f.Program}
		group, ok := byProgram[string(f.Program)]
		if !ok {
			group = &fundGroup{}
			byProgram[string(f.Program)] = group
			groups = append(groups, group)
		}
		group.funds, group.inputs = append(group.funds, f), append(group.inputs, in)
	}
	if len(groups) < 2 {
		return groups, nil
	}
	return groups, o.unsignedLast(groups, all)
}

// unsignedLast puts groups last of whose funds a batch was given up that nobody had signed: where
// their key is gone, the same owners would be promised them again and again.
func (o *Outbox) unsignedLast(groups []*fundGroup, all []Fund) error {
	batches, err := o.Books.Batches()
	if err != nil {
		return err
	}
	unsigned := make(map[bc.Hash]bool)
	for _, b := range batches {
		for _, input := range b.Inputs {
			unsigned[input] = unsigned[input] || b.State == BatchGivenUp && len(b.Signed) == 0
		}
	}
	last := make(map[string]int)
	for _, f := range all {
		if unsigned[f.Output] {
			last[string(f.Program)] = 1
		}
	}
	slices.SortStableFunc(groups, func(a, b *fundGroup) int {
		return cmp.Compare(last[string(a.funds[0].Program)], last[string(b.funds[0].Program)])
	})
	return nil
}

// stage stores the batches that pay what is due out of a group's funds.
func (o *Outbox) stage(group *fundGroup, dues []transaction.Payment, least, best uint64) (staged bool, err error) {
	all, err := o.plan(group, dues, least, best)
	if err != nil {
		return false, err
	}
	for _, b := range all {
		o.reached(stepChosen)
		if err := o.Books.Stage(b); err != nil {
			return staged, fmt.Errorf("store a payout: %w", err)
		}
		o.reached(stepStored)
		o.open[b.ID], staged = true, true
		o.Log.Info("a payout is stored", "batch", b.ID.String(), "owners", len(b.Payments), "neu", b.Paid(), "inputs", len(b.Inputs), "fee", b.Fee)
	}
	return staged, nil
}

// plan are the batches that pay what is due out of a group's funds.
func (o *Outbox) plan(group *fundGroup, dues []transaction.Payment, least, best uint64) (batches []Batch, err error) {
	terms := transaction.Terms{TimeRange: best + o.valid, Change: group.funds[0].Program, Least: least}
	if transaction.IsScript(terms.Change) {
		if terms.Keys, terms.Quorum, err = o.Script(terms.Change); err != nil {
			o.Log.Warn("payouts do not use the coins of a script whose keys are not known", "program", group.funds[0].Program.String(), "error", err)
			return nil, nil
		}
		for i := range group.inputs {
			group.inputs[i].Keys, group.inputs[i].Quorum = terms.Keys, terms.Quorum
		}
	}
	all, err := transaction.Plan(group.inputs, dues, terms)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		b, err := batchFrom(t, group.funds)
		if err != nil {
			return batches, err
		}
		b.TimeRange, b.Height = terms.TimeRange, best
		batches = append(batches, b)
	}
	return batches, nil
}

// batchFrom is the batch that a planned transaction is.
func batchFrom(t transaction.Transaction, funds []Fund) (b Batch, err error) {
	b = Batch{ID: t.Tx.ID, Fee: t.Fee}
	if b.Unsigned, err = RawTx(t.Tx); err != nil {
		return b, err
	}
	b.Inputs = make([]bc.Hash, 0, len(t.Inputs))
	for _, i := range t.Inputs {
		b.Inputs = append(b.Inputs, funds[i].Output)
	}
	for _, p := range t.Payments {
		b.Payments = append(b.Payments, Payment{p.Owner, p.Amount})
	}
	if t.Change > 0 {
		b.Change, err = ChangeOf(t.Tx, len(t.Payments))
	}
	return b, err
}

package node

import (
	"errors"
	"fmt"
	"maps"

	"github.com/bytom/bytom/protocol/bc"
)

// fate is what a choice made of a transaction of the pool.
type fate string

// The fates of transactions.
const (
	fateChosen   fate = "chosen"
	fateInvalid  fate = "invalid"
	fateImmature fate = "immature" // spends a coinbase that is too young
	fateSpent    fate = "spent"    // an input is spent, on the chain or by one that was chosen
	fateMissing  fate = "missing"  // an input does not exist
	fatePoor     fate = "low-fee"  // below the least fee rate
	fateExcluded fate = "excluded" // by the operator, or it spends from one that is
	fateNoRoom   fate = "no-room"  // others pay more for the block's gas or bytes
)

// verdict is what a choice made of a transaction, and why.
type verdict struct {
	Fate fate
	// Reason says more where there is more to say.
	Reason error
	// Fee and Gas are what it pays and takes; zero where it is invalid.
	Fee, Gas uint64
	// Delta is what the operator added to the fee for the order.
	Delta int64
	// Place is where in the block it stands, behind the coinbase at 0; zero where
	// it is not chosen.
	Place int
}

// summary is what a choice made of the whole pool.
type summary struct {
	// Height is that of the block.
	Height uint64
	// Counts says how many transactions met which fate.
	Counts map[fate]int
	// Fees, Gas and Bytes are those of the chosen ones.
	Fees, Gas, Bytes uint64
}

// selection is a choice as it is remembered: a verdict for each transaction of the
// pool, which Bytom bounds at 10,000. It is never changed after it is made.
type selection struct {
	summary
	verdicts map[bc.Hash]verdict
}

// summary is what the last choice made of the pool; the zero value before the
// first.
func (s *selector) summary() summary {
	last := s.last.Load()
	if last == nil {
		return summary{}
	}
	sum := last.summary
	sum.Counts = maps.Clone(sum.Counts)
	return sum
}

// skipped is how many transactions the last choice was made from, and how many it left
// out for which reason.
func (s *selector) skipped() (candidates int, skipped map[string]int) {
	skipped = make(map[string]int)
	for f, n := range s.summary().Counts {
		if candidates += n; f != fateChosen {
			skipped[string(f)] = n
		}
	}
	return candidates, skipped
}

// explain says what the last choice made of a transaction, unless it was not in
// the pool then.
func (s *selector) explain(id bc.Hash) (verdict, bool) {
	last := s.last.Load()
	if last == nil {
		return verdict{}, false
	}
	v, ok := last.verdicts[id]
	return v, ok
}

// remember keeps what a choice made of a pool.
func (s *selector) remember(known map[bc.Hash]*validated, all []*candidate, best *choice) {
	sel := &selection{
		summary:  summary{Height: best.height, Counts: make(map[fate]int), Fees: best.fees, Gas: best.gas, Bytes: best.bytes},
		verdicts: make(map[bc.Hash]verdict, len(known)),
	}
	note := func(id bc.Hash, v verdict) {
		sel.verdicts[id] = v
		sel.Counts[v.Fate]++
	}
	for id, v := range known {
		if v.invalid != nil {
			note(id, verdict{Fate: fateInvalid, Reason: v.invalid, Delta: s.overrides.of(id).Delta})
		}
	}
	for i, c := range best.chosen {
		note(c.Tx.ID, verdict{Fate: fateChosen, Place: i + 1})
	}
	judged := make(map[*candidate]verdict)
	for _, c := range all {
		v, ok := sel.verdicts[c.Tx.ID]
		if !ok {
			v = best.judge(c, judged)
			sel.Counts[v.Fate]++
		}
		v.Fee, v.Gas, v.Delta = c.Fee, c.Gas, c.Delta
		sel.verdicts[c.Tx.ID] = v
	}
	s.last.Store(sel)
	if left := len(known) - len(best.chosen); left > 0 {
		s.log.Debug("transactions left out of the template", "left", left, "chosen", len(best.chosen), "fates", sel.Counts)
	}
}

// judge says why a transaction was not chosen. judged are the verdicts so far.
func (b *choice) judge(c *candidate, judged map[*candidate]verdict) verdict {
	if v, ok := judged[c]; ok {
		return v
	}
	v := b.judgeAlone(c)
	for _, p := range c.parents {
		if b.in[p.slot] || v.Fate == fateExcluded {
			continue
		}
		v = verdict{
			Fate:   b.judge(p, judged).Fate,
			Reason: fmt.Errorf("it spends from %s, which is not chosen", p.Tx.ID.String()),
		}
		break
	}
	judged[c] = v
	return v
}

// judgeAlone says why a transaction was not chosen, apart from its parents.
func (b *choice) judgeAlone(c *candidate) verdict {
	if c.Excluded {
		return verdict{Fate: fateExcluded}
	}
	switch err := checkInputs(c.Tx.Tx, c.GasOnly, b.height, b.entry); {
	case errors.Is(err, errImmature):
		return verdict{Fate: fateImmature, Reason: err}
	case errors.Is(err, errSpent):
		return verdict{Fate: fateSpent, Reason: err}
	case err != nil:
		return verdict{Fate: fateMissing, Reason: err}
	case !b.pays(single(c)):
		return verdict{Fate: fatePoor, Reason: fmt.Errorf("it pays %d for %d gas, expected %g for each", c.Fee, c.Gas, b.limit.feeRate)}
	}
	return verdict{Fate: fateNoRoom}
}

// overrideReport is an override with what is known of its transaction.
type overrideReport struct {
	overridden
	// Known tells whether the transaction was in the pool at the last choice; verdict
	// is what that made of it.
	Known bool
	verdict
}

// overrideReports lists the operator's overrides.
func (s *selector) overrideReports() []overrideReport {
	var all []overrideReport
	for _, o := range s.overrides.list() {
		r := overrideReport{overridden: o}
		r.verdict, r.Known = s.explain(o.ID)
		all = append(all, r)
	}
	return all
}

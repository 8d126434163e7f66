package selection

import (
	"errors"
	"fmt"
	"maps"

	"github.com/bytom/bytom/protocol/bc"
)

// Fate is what became of a transaction of the pool in a choice.
type Fate string

// The fates of transactions.
const (
	Chosen   Fate = "chosen"
	Invalid  Fate = "invalid"
	Immature Fate = "immature" // spends a coinbase that is too young
	Spent    Fate = "spent"    // an input is spent, on the chain or by one that was chosen
	Missing  Fate = "missing"  // an input does not exist
	LowFee   Fate = "low-fee"  // below the least fee rate
	Excluded Fate = "excluded" // by the operator, or it spends from one that is
	NoRoom   Fate = "no-room"  // others pay more for the block's gas or bytes
)

// Verdict is what became of a transaction in a choice, and why.
type Verdict struct {
	Fate Fate
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

// Summary is what became of the whole pool in a choice.
type Summary struct {
	// Height is that of the block.
	Height uint64
	// Counts is how many transactions met which fate.
	Counts map[Fate]int
	// Fees, Gas and Bytes are those of the chosen ones.
	Fees, Gas, Bytes uint64
}

// lastChoice is a choice as it is remembered: a verdict for each transaction of the
// pool, which Bytom bounds at 10,000. It is immutable.
type lastChoice struct {
	Summary
	verdicts map[bc.Hash]Verdict
}

// Summary sums up the last choice; the zero value before the first.
func (s *Selector) Summary() Summary {
	last := s.last.Load()
	if last == nil {
		return Summary{}
	}
	sum := last.Summary
	sum.Counts = maps.Clone(sum.Counts)
	return sum
}

// Skipped is how many transactions the last choice was made from, and how many it left
// out for which reason.
func (s *Selector) Skipped() (candidates int, skipped map[string]int) {
	skipped = make(map[string]int)
	for f, n := range s.Summary().Counts {
		if candidates += n; f != Chosen {
			skipped[string(f)] = n
		}
	}
	return candidates, skipped
}

// Explain says what became of a transaction in the last choice; false if it was not in
// the pool then.
func (s *Selector) Explain(id bc.Hash) (Verdict, bool) {
	last := s.last.Load()
	if last == nil {
		return Verdict{}, false
	}
	v, ok := last.verdicts[id]
	return v, ok
}

// remember keeps the verdicts of a choice.
func (s *Selector) remember(known map[bc.Hash]*Validated, all []*candidate, best *assembler) {
	sel := &lastChoice{
		Summary:  Summary{Height: best.height, Counts: make(map[Fate]int), Fees: best.fees, Gas: best.gas, Bytes: best.bytes},
		verdicts: make(map[bc.Hash]Verdict, len(known)),
	}
	note := func(id bc.Hash, v Verdict) {
		sel.verdicts[id] = v
		sel.Counts[v.Fate]++
	}
	for id, v := range known {
		if v.Invalid != nil {
			note(id, Verdict{Fate: Invalid, Reason: v.Invalid, Delta: s.overrides.of(id).Delta})
		}
	}
	for i, c := range best.chosen {
		note(c.Tx.ID, Verdict{Fate: Chosen, Place: i + 1})
	}
	judged := make(map[*candidate]Verdict)
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
func (b *assembler) judge(c *candidate, judged map[*candidate]Verdict) Verdict {
	if v, ok := judged[c]; ok {
		return v
	}
	v := b.judgeAlone(c)
	for _, p := range c.parents {
		if b.included[p.slot] || v.Fate == Excluded {
			continue
		}
		v = Verdict{
			Fate:   b.judge(p, judged).Fate,
			Reason: fmt.Errorf("it spends from %s, which is not chosen", p.Tx.ID.String()),
		}
		break
	}
	judged[c] = v
	return v
}

// judgeAlone says why a transaction was not chosen, apart from its parents.
func (b *assembler) judgeAlone(c *candidate) Verdict {
	if c.Excluded {
		return Verdict{Fate: Excluded}
	}
	switch err := checkInputs(c.Tx.Tx, c.GasOnly, b.height, b.entry); {
	case errors.Is(err, errImmature):
		return Verdict{Fate: Immature, Reason: err}
	case errors.Is(err, errSpent):
		return Verdict{Fate: Spent, Reason: err}
	case err != nil:
		return Verdict{Fate: Missing, Reason: err}
	case !b.pays(withoutParents(c)):
		return Verdict{Fate: LowFee, Reason: fmt.Errorf("it pays %d for %d gas, expected %g for each", c.Fee, c.Gas, b.limit.feeRate)}
	}
	return Verdict{Fate: NoRoom}
}

// OverrideReport is an override with what is known of its transaction.
type OverrideReport struct {
	Overridden
	// Known says whether the transaction was in the pool at the last choice; Verdict
	// is what became of it there.
	Known bool
	Verdict
}

// OverrideReports lists the operator's overrides.
func (s *Selector) OverrideReports() []OverrideReport {
	var all []OverrideReport
	for _, o := range s.overrides.list() {
		r := OverrideReport{Overridden: o}
		r.Verdict, r.Known = s.Explain(o.ID)
		all = append(all, r)
	}
	return all
}

package node

import (
	"context"
	"errors"
	"strconv"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/gbt"
)

// wishes are the selector's overrides as the RPC has them: a gbt.Overrides.
type wishes struct {
	selector *selector
	tell     func(ctx context.Context, what, old, now string)
}

var errNoOverrides = errors.New("the node has no file for overrides: see its log of the start")

// Prioritise satisfies gbt.Overrides.
func (w wishes) Prioritise(ctx context.Context, tx bc.Hash, delta int64) (total int64, err error) {
	if w.selector.overrides == nil {
		return 0, errNoOverrides
	}
	old, total, err := w.selector.overrides.prioritise(tx, delta)
	if err == nil {
		w.tell(ctx, "fee delta of "+tx.String(), strconv.FormatInt(old, 10), strconv.FormatInt(total, 10))
	}
	return total, err
}

// Exclude satisfies gbt.Overrides.
func (w wishes) Exclude(ctx context.Context, tx bc.Hash, on bool) error {
	if w.selector.overrides == nil {
		return errNoOverrides
	}
	old, err := w.selector.overrides.exclude(tx, on)
	if err == nil {
		w.tell(ctx, "exclusion of "+tx.String(), strconv.FormatBool(old), strconv.FormatBool(on))
	}
	return err
}

// List satisfies gbt.Overrides.
func (w wishes) List() []gbt.Override {
	all := []gbt.Override{}
	for _, r := range w.selector.overrideReports() {
		all = append(all, gbt.Override{
			TxID: r.ID.String(), FeeDelta: r.override.Delta, Excluded: r.Excluded, Explanation: explanation(r.verdict, r.Known),
		})
	}
	return all
}

// Explain satisfies gbt.Overrides.
func (w wishes) Explain(tx bc.Hash) gbt.Explanation { return explanation(w.selector.explain(tx)) }

func explanation(v verdict, known bool) gbt.Explanation {
	if !known {
		return gbt.Explanation{State: "unknown"}
	}
	e := gbt.Explanation{State: string(v.Fate), Fee: v.Fee, Gas: v.Gas, Place: v.Place}
	if v.Reason != nil {
		e.Reason = v.Reason.Error()
	}
	return e
}

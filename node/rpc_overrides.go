package node

import (
	"context"
	"errors"
	"strconv"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/gbt"
	"github.com/bytom-solo/bytom-solo/node/selection"
)

// rpcOverrides are the selector's overrides as the RPC has them: a gbt.Overrides.
type rpcOverrides struct {
	selector  *selection.Selector
	overrides *selection.Overrides // nil if they could not be opened
	logChange func(ctx context.Context, what, old, now string)
}

var errNoOverrides = errors.New("the node has no file for overrides: see its log of the start")

// Prioritise satisfies gbt.Overrides.
func (w rpcOverrides) Prioritise(ctx context.Context, tx bc.Hash, delta int64) (total int64, err error) {
	if w.overrides == nil {
		return 0, errNoOverrides
	}
	old, total, err := w.overrides.Prioritise(tx, delta)
	if err == nil {
		w.logChange(ctx, "fee delta of "+tx.String(), strconv.FormatInt(old, 10), strconv.FormatInt(total, 10))
	}
	return total, err
}

// Exclude satisfies gbt.Overrides.
func (w rpcOverrides) Exclude(ctx context.Context, tx bc.Hash, on bool) error {
	if w.overrides == nil {
		return errNoOverrides
	}
	old, err := w.overrides.Exclude(tx, on)
	if err == nil {
		w.logChange(ctx, "exclusion of "+tx.String(), strconv.FormatBool(old), strconv.FormatBool(on))
	}
	return err
}

// List satisfies gbt.Overrides.
func (w rpcOverrides) List() []gbt.Override {
	all := []gbt.Override{}
	for _, r := range w.selector.OverrideReports() {
		all = append(all, gbt.Override{
			TxID: r.ID.String(), FeeDelta: r.Override.Delta, Excluded: r.Excluded, Explanation: explanation(r.Verdict, r.Known),
		})
	}
	return all
}

// Explain satisfies gbt.Overrides.
func (w rpcOverrides) Explain(tx bc.Hash) gbt.Explanation { return explanation(w.selector.Explain(tx)) }

func explanation(v selection.Verdict, known bool) gbt.Explanation {
	if !known {
		return gbt.Explanation{State: "unknown"}
	}
	e := gbt.Explanation{State: string(v.Fate), Fee: v.Fee, Gas: v.Gas, Place: v.Place}
	if v.Reason != nil {
		e.Reason = v.Reason.Error()
	}
	return e
}

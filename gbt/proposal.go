package gbt

import (
	"context"
	"errors"
	"fmt"

	"github.com/bytom-solo/bytom-solo/mining"
)

// propose checks a block without its proof of work. The reason is one of BIP 22's with
// a sentence as error, or empty with an error about the request.
func (h *Handler) propose(ctx context.Context, data *string) (reason string, err error) {
	block, err := parseBlock("data", data)
	if err != nil {
		return "", inputError{err}
	}
	if err := mining.CheckShape(block); err != nil {
		return reasonOf(err), err
	}
	if p := h.cfg.Submitter.Known(ctx, block); p.Known {
		id := block.Hash()
		return reasonOfKnown(p.Main, p.Invalid), errors.New(known(id.String(), p.Invalid))
	}
	tip := h.cfg.Source.Tip()
	if previous := block.PreviousBlockHash; previous != tip.Hash {
		if _, known := h.cfg.Source.After(previous); known {
			return "stale-prevblk", fmt.Errorf("it builds on %s, the tip is %s", previous.String(), tip.Hash.String())
		}
		return "prev-blk-not-found", fmt.Errorf("the parent %s is unknown, the tip is %s", previous.String(), tip.Hash.String())
	}
	if err := h.cfg.Source.Check(ctx, block); err != nil {
		return reasonOf(err), err
	}
	return "", nil
}

package gbt

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

func (h *Handler) submitBlock(r *http.Request, in wire.SubmitBlock) envelope {
	block, err := parseBlock("raw_block", in.Block)
	if err != nil {
		return failure(err)
	}
	ctx, cancel := toTheEnd(r.Context())
	defer cancel()
	return answer(h.cfg.Submitter.SubmitBlock(ctx, block, finder(withCaller(r), mining.FoundByBlock)))
}

// longestVerdict bounds how long a submission waits for its hash, and the chain, once its client has gone.
const longestVerdict = time.Minute

// toTheEnd is the context of what has come as a whole: it may be a block, whether or not its client waits.
func toTheEnd(ctx context.Context) (whole context.Context, cancel context.CancelFunc) {
	whole, cancel = context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(longestVerdict, cancel) })
	return whole, cancel
}

// answer reports to a submitter what became of its block: true, as the stock node
// does, if it is the new best one, else BIP 22's reason.
func answer(v mining.Verdict, err error) envelope {
	if err != nil {
		return failure(err)
	}
	reason, id := reasonOfVerdict(v), v.Block.String()
	switch v.Outcome {
	case mining.MainChain:
		return success(true)
	case mining.SideChain:
		return refused(reason, fmt.Sprintf("block %s is valid, but lost the race to %s", id, v.Winner.String()))
	case mining.Duplicate:
		return refused(reason, known(id, v.Invalid))
	default:
		return refused(reason, fmt.Sprintf("block submitted is orphan: the parent of %s is unknown", id))
	}
}

// reasonOfVerdict is BIP 22's word for what became of a block; empty for the new best
// one.
func reasonOfVerdict(v mining.Verdict) string {
	switch v.Outcome {
	case mining.MainChain:
		return ""
	case mining.SideChain:
		return "inconclusive"
	case mining.Duplicate:
		return reasonOfKnown(v.Main, v.Invalid)
	default:
		return "prev-blk-not-found"
	}
}

// reasonOfKnown is BIP 22's word for a block that the chain has.
func reasonOfKnown(main bool, invalid error) string {
	switch {
	case main:
		return "duplicate"
	case invalid != nil:
		return "duplicate-invalid"
	}
	return "duplicate-inconclusive"
}

// known is a sentence about a block that the chain has.
func known(id string, invalid error) string {
	if invalid != nil {
		return fmt.Sprintf("block %s is known already, and was refused: %v", id, invalid)
	}
	return fmt.Sprintf("block %s is known already", id)
}

func refused(reason, debug string) envelope {
	e := failure(errors.New(debug))
	e.Data = refusal{Reason: reason, Debug: debug}
	return e
}

// reasonOf is an error's machine-readable reason.
func reasonOf(err error) string {
	var kind mining.ErrorKind
	if errors.As(err, &kind) {
		return string(kind)
	}
	return "rejected"
}

package gbt

import (
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// works are the headers that get-work hands out, each with its job. It is safe for
// concurrent use.
type works struct {
	lease *mining.Lease
	handed[workKey, *mining.Job]
}

// workKey is what a client must leave alone in a header. The transactions root
// holds the extranonce, hence tells jobs apart.
type workKey struct{ previous, root, status bc.Hash }

func keyOf(h *types.BlockHeader) workKey {
	return workKey{h.PreviousBlockHash, h.TransactionsMerkleRoot, h.TransactionStatusHash}
}

func newWorks(lease *mining.Lease, limit int) *works {
	return &works{lease, handed[workKey, *mining.Job]{limit: limit}}
}

// make gives a job of a template with a merkle root of its own, as long as the limit
// allows.
func (w *works) make(t *mining.Template) *mining.Job {
	j := mining.NewJob(t, w.lease.Next())
	h := j.Header(0, 0)
	j, _ = w.hand(t.Tip.Hash, keyOf(&h), j, func(*mining.Job) bool { return true })
	return j
}

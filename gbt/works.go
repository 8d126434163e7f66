package gbt

import (
	"sync"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// maxWorks bounds the works that are remembered for one tip. Pools poll ten times
// a second, for 150 s a block on average.
const maxWorks = 65536

// works remembers which job each header was handed out for, so that every one of
// them can be submitted until the tip moves, and is told stale for one tip more.
// It is safe for concurrent use.
type works struct {
	lease *mining.Lease
	limit int

	mu      sync.Mutex
	tip     bc.Hash
	current map[workKey]*mining.Job
	former  map[workKey]*mining.Job
	order   []*mining.Job // current, as handed out
	again   int           // which of order is handed out again next
}

// workKey is what a client must leave alone in a header. The transactions root
// holds the extranonce, hence tells jobs apart.
type workKey struct{ previous, root, status bc.Hash }

func keyOf(h *types.BlockHeader) workKey {
	return workKey{h.PreviousBlockHash, h.TransactionsMerkleRoot, h.TransactionStatusHash}
}

func newWorks(lease *mining.Lease, limit int) *works {
	return &works{lease: lease, limit: limit, current: make(map[workKey]*mining.Job)}
}

// hand gives a job of a template with a merkle root of its own. Past the limit
// those already handed out for this tip are handed out again, never forgotten.
func (w *works) hand(t *mining.Template) *mining.Job {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.Tip.Hash != w.tip {
		w.tip, w.former = t.Tip.Hash, w.current
		w.current, w.order, w.again = make(map[workKey]*mining.Job), nil, 0
	}
	if len(w.order) >= w.limit {
		j := w.order[w.again%len(w.order)]
		w.again++
		return j
	}
	j := mining.NewJob(t, w.lease.Next())
	h := j.Header(0, 0)
	w.current[keyOf(&h)] = j
	w.order = append(w.order, j)
	return j
}

// find is the job that a header was handed out for, or nil.
func (w *works) find(h *types.BlockHeader) *mining.Job {
	w.mu.Lock()
	defer w.mu.Unlock()
	if j := w.current[keyOf(h)]; j != nil {
		return j
	}
	return w.former[keyOf(h)]
}

package gbt

import (
	"fmt"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// works are the headers that get-work hands out, each with its job. It is safe for
// concurrent use.
type works struct {
	lease    *mining.Lease
	handouts *mining.Handouts
	issuedWork[workKey, *mining.Job]
}

// worksOf and templatesOf are who hands out works and templates, as mining.Handouts have it.
const (
	worksOf     = "get-work"
	templatesOf = "template"
)

// workKey is what a client must leave alone in a header. The transactions root
// holds the extranonce, hence identifies the job.
type workKey struct{ previous, root, status bc.Hash }

func keyOf(h *types.BlockHeader) workKey {
	return workKey{h.PreviousBlockHash, h.TransactionsMerkleRoot, h.TransactionStatusHash}
}

func newWorks(lease *mining.Lease, limit int, handouts *mining.Handouts) *works {
	return &works{lease, handouts, issuedWork[workKey, *mining.Job]{limit: limit}}
}

// make issues a job of a template, with a merkle root of its own, up to the limit. Past
// that it issues one again that pays the same payee; there may be none.
func (w *works) make(t *mining.Template) (*mining.Job, error) {
	j := mining.NewJob(t, w.lease.Next())
	h := j.Header(0, 0)
	given, ok := w.issue(t.Tip.Hash, keyOf(&h), j, func(old *mining.Job) bool { return old.Template.SamePayee(t) })
	if !ok {
		return nil, tooMany(w.limit)
	}
	if given == j && w.handouts != nil {
		w.handouts.Keep(mining.Handout{By: worksOf, Key: rootKey(&h), Template: j.Template, Extranonce: j.Extranonce})
	}
	return given, nil
}

// tooMany is the error where no work that was handed out can be handed out again.
func tooMany(limit int) error {
	return fmt.Errorf("%w: %d were handed out for this tip, which is the most", mining.ErrNoTemplate, limit)
}

// rootKey is what a work is kept by over a restart.
func rootKey(h *types.BlockHeader) string { return h.TransactionsMerkleRoot.String() }

// find is the work that a header is of, of this run of the node or the last.
func (w *works) find(h *types.BlockHeader) (*mining.Job, bool) {
	if j, ok := w.issuedWork.find(keyOf(h)); ok {
		return j, true
	}
	former, ok := w.handouts.Find(worksOf, rootKey(h))
	if !ok {
		return nil, false
	}
	j := former.Job()
	own := j.Header(0, 0)
	return j, keyOf(&own) == keyOf(h)
}

package chain_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// tracedHash is a recorded hash with the work that its header was made of.
type tracedHash struct {
	spentHash
	worker   uint32
	tip      mining.Tip
	tipIndex int
}

// trace finds the tip behind each recorded hash, by making the headers again: there
// is a template for each tip, an extranonce for each job of a worker, and nonces
// from 0 on. It is called when the miner has stopped.
func (w *seedWork) trace(t *testing.T) []tracedHash {
	t.Helper()
	var templates []*mining.Template
	for _, tip := range w.source.tips {
		templates = append(templates, w.templateOn(t, tip))
	}
	jobs := make(map[int]*jobTrace) // by hasher
	workers := make(map[uint32]*jobTrace)
	var out []tracedHash
	for _, s := range w.device.recorded() {
		j := jobs[s.hasher]
		if j == nil || !j.next(s.header) {
			if j = w.findJob(templates, workers, s.header); j == nil {
				t.Fatalf("header %x is of no template", s.header)
			}
			jobs[s.hasher], workers[j.worker] = j, j
		}
		out = append(out, tracedHash{s, j.worker, w.source.tips[j.tipIndex], j.tipIndex})
	}
	return out
}

// jobTrace is a job that a worker is at.
type jobTrace struct {
	worker   uint32
	roll     uint64
	tipIndex int
	job      *mining.Job
	nonce    uint64
}

// next tells whether a header is the job's next one.
func (j *jobTrace) next(header [32]byte) bool {
	if j.job.HeaderHash(j.job.Template.Timestamp, j.nonce) != header {
		return false
	}
	j.nonce++
	return true
}

// findJob finds the job whose first header this is: one of a worker's next, on any of
// the tips, beginning with the one that the worker was on.
func (w *seedWork) findJob(templates []*mining.Template, last map[uint32]*jobTrace, header [32]byte) *jobTrace {
	for distance := range templates {
		for worker := range uint32(w.device.Info().Workers) {
			before := jobTrace{}
			if l := last[worker]; l != nil {
				before = *l
			}
			for _, i := range []int{before.tipIndex + distance, before.tipIndex - distance} {
				if i < 0 || i >= len(templates) {
					continue
				}
				for roll := before.roll + 1; roll < before.roll+5; roll++ { // Work may be replaced before its first hash.
					job := mining.NewJob(templates[i], uint64(w.lease+worker)<<32|roll)
					if j := (&jobTrace{worker: worker, roll: roll, tipIndex: i, job: job}); j.next(header) {
						return j
					}
				}
			}
		}
	}
	return nil
}

// templateOn is the template that the miner had on a tip.
func (w *seedWork) templateOn(t *testing.T, tip mining.Tip) *mining.Template {
	t.Helper()
	config := w.config
	config.Source = fixedTip{tip: tip}
	g := mining.NewGenerator(config)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	templates, done := g.Subscribe()
	defer done()
	go g.Run(ctx)
	select {
	case template := <-templates:
		return template
	case <-ctx.Done():
		t.Fatalf("no template on height %d", tip.Height)
		return nil
	}
}

// fixedTip is a chain without transactions that stays where it is.
type fixedTip struct {
	mining.Source
	tip mining.Tip
}

func (f fixedTip) Tip() mining.Tip                         { return f.tip }
func (fixedTip) Check(context.Context, *types.Block) error { return nil }
func (fixedTip) Ready() error                              { return nil }
func (fixedTip) Select(context.Context, mining.Tip) ([]mining.Candidate, error) {
	return nil, nil
}

// tipRecorder is a source that records the tips that it was asked for, in order.
type tipRecorder struct {
	mining.Source
	mu   sync.Mutex
	tips []mining.Tip
	at   []time.Time
}

func (r *tipRecorder) Tip() mining.Tip {
	r.mu.Lock()
	defer r.mu.Unlock()
	tip := r.Source.Tip()
	if n := len(r.tips); n == 0 || r.tips[n-1].Hash != tip.Hash {
		r.tips, r.at = append(r.tips, tip), append(r.at, time.Now())
	}
	return tip
}

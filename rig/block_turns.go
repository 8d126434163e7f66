package rig

import (
	"context"
	"sync"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

// blockTurns orders a rig's own blocks on one tip, of which the chain takes one: they are
// submitted one at a time, and none after one was accepted. Those that other workers find
// meanwhile wait, and are submitted if the source refuses the first.
type blockTurns struct {
	mu    sync.Mutex
	turns []*turn // the latest tips', oldest first
}

// turn is a tip's. Who has the slot submits.
type turn struct {
	tip      bc.Hash
	slot     chan struct{}
	waiting  int       // for the slot, or in it; guarded by blockTurns.mu
	accepted time.Time // likewise; zero if none was
}

const (
	// turnsMost is how many tips are kept: of older ones no work is left.
	turnsMost = 64
	// waitingMost is how many blocks of a tip are kept for a node that does not answer.
	waitingMost = 16
)

// of returns the tip's turn. The caller holds mu.
func (r *blockTurns) of(tip bc.Hash) *turn {
	for _, t := range r.turns {
		if t.tip == tip {
			return t
		}
	}
	if len(r.turns) == turnsMost {
		r.turns = append(r.turns[:0], r.turns[1:]...)
	}
	t := &turn{tip: tip, slot: make(chan struct{}, 1)}
	r.turns = append(r.turns, t)
	return t
}

// lost reports whether a work's solutions are worth nothing: it was asked for before the
// node accepted a block of ours on the same tip. What is asked for later is the node's will,
// whose chain may have been turned back.
func (r *blockTurns) lost(w *work) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return w.asked.Before(r.of(w.header.PreviousBlockHash).accepted)
}

// forget forgets that a block of ours was accepted on a tip.
func (r *blockTurns) forget(tip bc.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of(tip).accepted = time.Time{}
}

// submit calls submit when it is the work's turn, unless another block of the tip was
// accepted by then. It reports whether it has.
func (r *blockTurns) submit(ctx context.Context, w *work, submit func() Outcome) bool {
	r.mu.Lock()
	t := r.of(w.header.PreviousBlockHash)
	full := t.waiting == waitingMost
	if !full {
		t.waiting++
	}
	r.mu.Unlock()
	if full {
		return false
	}
	defer r.leave(t)
	select {
	case t.slot <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	defer func() { <-t.slot }()
	if r.lost(w) {
		return false
	}
	if submit() == Accepted {
		r.mu.Lock()
		t.accepted = time.Now()
		r.mu.Unlock()
	}
	return true
}

func (r *blockTurns) leave(t *turn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.waiting--
}

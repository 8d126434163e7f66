package rig

import (
	"context"
	"sync"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

// rivals sees to it that of a rig's own blocks on one tip, of which the chain takes one,
// one goes to the source at a time, and none after one was accepted. What other workers
// have found meanwhile is there if the source refuses the first.
type rivals struct {
	mu    sync.Mutex
	turns []*turn // the latest tips', oldest first
}

// turn is a tip's. Who has the slot submits.
type turn struct {
	tip      bc.Hash
	slot     chan struct{}
	waiting  int       // for the slot, or in it; guarded by rivals.mu
	accepted time.Time // likewise; zero if none was
}

const (
	// turnsMost is how many tips are kept: of older ones no work is left.
	turnsMost = 64
	// waitingMost is how many blocks of a tip are kept for a node that does not answer.
	waitingMost = 16
)

// of gives the tip's turn. The caller holds mu.
func (r *rivals) of(tip bc.Hash) *turn {
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

// lost tells whether a work's solutions are in vain: it was asked for before the node
// accepted a block of ours on the same tip. What is asked for later is the node's will,
// whose chain may have been turned back.
func (r *rivals) lost(w *work) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return w.asked.Before(r.of(w.header.PreviousBlockHash).accepted)
}

// forget makes a tip one that no block of ours was accepted on.
func (r *rivals) forget(tip bc.Hash) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of(tip).accepted = time.Time{}
}

// submit submits, when it is the work's turn and if that is not in vain. It tells
// whether it has.
func (r *rivals) submit(ctx context.Context, w *work, submit func() Outcome) bool {
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

func (r *rivals) leave(t *turn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.waiting--
}

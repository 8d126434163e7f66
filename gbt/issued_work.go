package gbt

import (
	"sync"

	"github.com/bytom/bytom/protocol/bc"
)

// maxWorks bounds the works that are remembered for one tip. Pools poll ten times
// a second, for 150 s a block on average.
const maxWorks = 65536

// handed remembers what was handed out, so that all of it can be submitted until the
// tip moves, and is told from unknown work for one tip more. It is safe for concurrent
// use.
type handed[K comparable, W any] struct {
	limit int

	mu             sync.Mutex
	latest, former round[K, W]
}

// round is what was handed out for one tip.
type round[K comparable, W any] struct {
	tip   bc.Hash
	byKey map[K]W
	order []W
	again int // which of order is handed out again next
}

// hand remembers work for a tip. Past the limit it gives in its stead one of those that
// were handed out for this tip before, in their turn, if it suits: nothing is forgotten.
func (h *handed[K, W]) hand(tip bc.Hash, key K, w W, suits func(W) bool) (given W, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch tip {
	case h.latest.tip:
	case h.former.tip:
		// The chain went back, or a slow caller still has the former tip's template.
		h.latest, h.former = h.former, h.latest
	default:
		h.latest, h.former = round[K, W]{tip: tip}, h.latest
	}
	r := &h.latest
	if len(r.order) < h.limit {
		if r.byKey == nil {
			r.byKey = make(map[K]W)
		}
		r.byKey[key], r.order = w, append(r.order, w)
		return w, true
	}
	for range r.order {
		old := r.order[r.again%len(r.order)]
		r.again++
		if suits(old) {
			return old, true
		}
	}
	return given, false
}

// find is the work of a key.
func (h *handed[K, W]) find(key K) (w W, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w, ok = h.latest.byKey[key]; !ok {
		w, ok = h.former.byKey[key]
	}
	return w, ok
}

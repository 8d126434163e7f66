package gbt

import (
	"sync"

	"github.com/bytom/bytom/protocol/bc"
)

// maxWorks bounds the works that are remembered for one tip. Pools poll ten times
// a second, for 150 s a block on average.
const maxWorks = 65536

// issuedWork remembers the work that was handed out, by a key: all of it can be submitted
// until the tip moves, and is reported as stale, not as unknown, for one tip more. It is
// safe for concurrent use.
type issuedWork[K comparable, W any] struct {
	limit int

	mu             sync.Mutex
	latest, former tipWork[K, W]
}

// tipWork is the work that was handed out for one tip.
type tipWork[K comparable, W any] struct {
	tip   bc.Hash
	byKey map[K]W
	order []W
	next  int // of order, when one has to be handed out again
}

// issue remembers work for a tip. Past the limit it returns other work instead, that was
// handed out for this tip before and suits, in turns: no work is forgotten.
func (h *issuedWork[K, W]) issue(tip bc.Hash, key K, w W, suits func(W) bool) (given W, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch tip {
	case h.latest.tip:
	case h.former.tip:
		// The chain went back, or a slow caller still has the former tip's template.
		h.latest, h.former = h.former, h.latest
	default:
		h.latest, h.former = tipWork[K, W]{tip: tip}, h.latest
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
		old := r.order[r.next%len(r.order)]
		r.next++
		if suits(old) {
			return old, true
		}
	}
	return given, false
}

// find is the work of a key.
func (h *issuedWork[K, W]) find(key K) (w W, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if w, ok = h.latest.byKey[key]; !ok {
		w, ok = h.former.byKey[key]
	}
	return w, ok
}

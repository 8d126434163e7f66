package rig

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

const (
	// verdictMost is how long the workers wait to hear what became of a block of theirs,
	// nextMost how long for the work that follows it.
	verdictMost = 2 * time.Second
	nextMost    = 500 * time.Millisecond
	// missesMost is after how many blocks in a row that no other work followed they no
	// longer wait: there are servers whose jobs have bits that make a block of each share.
	missesMost = 3
)

// tipHolds keeps the workers off a tip that a block of theirs is about to end: what they find
// there meanwhile is worth nothing.
type tipHolds struct {
	mu     sync.Mutex // held by who changes latest
	latest atomic.Pointer[tipHold]
	misses atomic.Int64 // in a row
}

// tipHold is over the blocks of one tip.
type tipHold struct {
	tip  bc.Hash
	over chan struct{} // closed when there is nothing to wait for
	end  func()        // closes over
	// taken is when the source took the block; the largest number while it has not.
	taken atomic.Int64
}

// begin holds the workers off a block's tip; it returns nil where that is not worth it.
func (hs *tipHolds) begin(w *work) *tipHold {
	if hs.misses.Load() >= missesMost {
		return nil
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if h := hs.of(w); h != nil {
		return h
	}
	h := &tipHold{tip: w.header.PreviousBlockHash, over: make(chan struct{})}
	h.end = sync.OnceFunc(func() { close(h.over) })
	h.taken.Store(math.MaxInt64)
	hs.latest.Store(h)
	time.AfterFunc(verdictMost, h.end)
	return h
}

// of is the hold that keeps the workers off a work; nil if there is none.
func (hs *tipHolds) of(w *work) *tipHold {
	h := hs.latest.Load()
	if h == nil || h.tip != w.header.PreviousBlockHash || w.asked.UnixNano() > h.taken.Load() {
		return nil
	}
	select {
	case <-h.over:
		return nil
	default:
		return h
	}
}

// settle takes notice of what became of the block. After one that was taken, the hold
// goes on until its successor is there or too late; followed reports which.
func (hs *tipHolds) settle(h *tipHold, taken bool, followed func() bool) {
	if !taken {
		if h != nil && h.taken.Load() == math.MaxInt64 {
			h.end() // Unless another block of the tip was taken.
		}
		return
	}
	if h != nil {
		h.taken.CompareAndSwap(math.MaxInt64, time.Now().UnixNano())
	}
	time.AfterFunc(nextMost, func() {
		if followed() {
			hs.misses.Store(0)
		} else {
			hs.misses.Add(1)
		}
		if h != nil {
			h.end()
		}
	})
}

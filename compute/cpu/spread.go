//go:build cgo

package cpu

/*
#include "tensority_impl.h"
*/
import "C"

import (
	"context"
	"crypto/sha3"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/pin"
)

var errStranger = errors.New("cpu: a helper is not another open Hasher of the same backend and seed")

// Spread computes one hash on several cores, one for each worker, which is what
// compute.Verifier asks for. A context that ends is noticed between pieces of the hash.
func (h *hasher) Spread(ctx context.Context, header [32]byte, first compute.Worker,
	more func() (compute.Worker, bool)) ([32]byte, error) {
	if h.scratch == nil {
		first.Idle(compute.ErrClosed)
		return [32]byte{}, compute.ErrClosed
	}
	s := newSpread(h, header, more)
	if err := s.employ(ctx, first); err != nil {
		return [32]byte{}, err
	}
	s.recruit(ctx)
	select {
	case <-s.complete:
		return s.result, nil
	case <-ctx.Done():
		return [32]byte{}, ctx.Err()
	}
}

// spread is one hash that several workers compute.
type spread struct {
	indices [4][32]uint8
	rows    int // of a piece
	pieces  *pieces
	sum     [C.TENSORITY_SUM]uint8 // of the pieces done, in the kernel's order
	of      *hasher                // whose backend and seed it is of
	more    func() (compute.Worker, bool)

	mu      sync.Mutex
	members []*member

	complete chan struct{} // closed when result is there
	result   [32]byte
}

// member is a worker with its Hasher.
type member struct {
	*hasher
	release func()      // the worker; more than once does no harm
	waiting atomic.Bool // for a piece to be overdue
}

// newSpread makes pieces of as few rows of a chain as the kernel takes, 32 or 64. That
// makes 32 or 16 pieces, so that cores of unequal speed (one of them may be mining)
// end together, and a context that ends is noticed soon.
func newSpread(h *hasher, header [32]byte, more func() (compute.Worker, bool)) *spread {
	rows := int(C.tensority_step(h.isa))
	return &spread{
		indices: compute.Indices(header), rows: rows, pieces: newPieces(C.TENSORITY_CHAINS * compute.Size / rows),
		of: h, more: more, complete: make(chan struct{}),
	}
}

// employ lets a worker take part.
func (s *spread) employ(ctx context.Context, w compute.Worker) error {
	h, ok := w.Hasher.(*hasher)
	if !ok || h.scratch == nil || h.seed != s.of.seed || h.isa != s.of.isa {
		w.Idle(errStranger)
		return errStranger
	}
	m := &member{hasher: h, release: sync.OnceFunc(func() { w.Idle(nil) })}
	if !s.join(m) {
		w.Idle(errStranger)
		return errStranger
	}
	go func() {
		defer m.release()
		defer pin.Goroutine(w.Number, h.cores)()
		s.work(ctx, m)
	}()
	return nil
}

// join adds a member, unless its Hasher is at work on the hash already.
func (s *spread) join(m *member) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.ContainsFunc(s.members, func(other *member) bool { return other.hasher == m.hasher }) {
		return false
	}
	s.members = append(s.members, m)
	return true
}

// recruit employs whoever is idle, if there is something to do.
func (s *spread) recruit(ctx context.Context) {
	for s.pieces.untaken() {
		w, ok := s.more()
		if !ok || s.employ(ctx, w) != nil {
			return
		}
	}
}

// work computes pieces with a member until none are left or ctx ends.
func (s *spread) work(ctx context.Context, m *member) {
	for ctx.Err() == nil {
		n, wait, ok := s.pieces.take()
		switch {
		case !ok:
			return
		case wait > 0:
			s.wait(ctx, m, wait)
		default:
			s.do(m, n)
			s.recruit(ctx)
		}
	}
}

func (s *spread) wait(ctx context.Context, m *member, d time.Duration) {
	m.waiting.Store(true)
	defer m.waiting.Store(false)
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.complete:
	case <-ctx.Done():
	}
}

// do computes a piece, and the result if no other is missing.
func (s *spread) do(m *member, n int) {
	start := time.Now()
	perChain := compute.Size / s.rows
	first := C.int(n % perChain * s.rows)
	end := first + C.int(s.rows)
	C.tensority_begin(m.scratch, first, end)
	C.tensority_rows(m.isa, m.seed, m.scratch, (*C.uint8_t)(&s.indices[0][0]),
		C.int(n/perChain), first, end)
	last := s.pieces.finish(n, time.Since(start), func() {
		C.tensority_add((*C.uint8_t)(&s.sum[0]), m.scratch, first, end)
	})
	if last {
		s.finishHash(m)
	}
}

// finishHash computes the result in a member's scratch. Whoever waits for the result may
// want the cores for another hash at once, so they are given back before.
func (s *spread) finishHash(m *member) {
	copy(unsafe.Slice((*uint8)(m.scratch), len(s.sum)), s.sum[:])
	var folded [compute.Size]byte
	C.tensority_finish(m.isa, m.scratch, (*C.uint8_t)(&folded[0]))
	s.result = sha3.Sum256(folded[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.members {
		if other == m || other.waiting.Load() { // and finds no piece any more
			other.release()
		}
	}
	close(s.complete)
}

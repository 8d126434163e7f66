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
	"sync"
	"sync/atomic"

	"github.com/bytom-solo/bytom-solo/compute"
)

var errStranger = errors.New("cpu: a helper is not an open Hasher of the same backend and seed")

// Spread computes one hash on several cores, this Hasher's and one for each
// helper, which is what compute.Verifier asks for. A context that ends is noticed
// between pieces of the hash.
func (h *hasher) Spread(ctx context.Context, header [32]byte, helpers []compute.Hasher) ([32]byte, error) {
	if h.scratch == nil {
		return [32]byte{}, compute.ErrClosed
	}
	all := []*hasher{h}
	for _, helper := range helpers {
		other, ok := helper.(*hasher)
		if !ok || other == h || other.scratch == nil || other.seed != h.seed || other.isa != h.isa {
			return [32]byte{}, errStranger
		}
		all = append(all, other)
	}

	indices := compute.Indices(header)
	var next atomic.Int32 // the first piece that nobody has taken
	var helping sync.WaitGroup
	for _, other := range all[1:] {
		helping.Go(func() { other.takePieces(ctx, &indices, &next) })
	}
	h.takePieces(ctx, &indices, &next)
	helping.Wait()
	if err := ctx.Err(); err != nil {
		return [32]byte{}, err
	}

	for _, other := range all[1:] {
		C.tensority_add(h.scratch, other.scratch)
	}
	var folded [compute.Size]byte
	C.tensority_finish(h.isa, h.scratch, (*C.uint8_t)(&folded[0]))
	return sha3.Sum256(folded[:]), nil
}

// takePieces adds pieces of a hash to the Hasher's own sum until none are left
// or ctx ends. A piece is as few rows of a chain as the kernel takes, 32 or 64. That
// makes 32 or 16 pieces, so that cores of unequal speed (one of them may be mining)
// end together, and a context that ends is noticed soon.
func (h *hasher) takePieces(ctx context.Context, indices *[4][32]uint8, next *atomic.Int32) {
	rows := int(C.tensority_step(h.isa))
	perChain := compute.Size / rows
	C.tensority_begin(h.scratch)
	for ctx.Err() == nil {
		n := int(next.Add(1)) - 1
		if n >= len(indices)*perChain {
			return
		}
		first := n % perChain * rows
		C.tensority_rows(h.isa, h.seed, h.scratch, (*C.uint8_t)(&indices[0][0]),
			C.int(n/perChain), C.int(first), C.int(first+rows))
	}
}

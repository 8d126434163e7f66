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

// pieceRows is how many rows of a chain are worked on at a time when a hash is
// spread over cores. There are 32 pieces, so that cores of unequal speed (one of
// them may be mining) end together, and a context that ends is noticed soon;
// more of them would read the matrices more often from where all cores share.
const pieceRows = 32

const (
	piecesPerChain = compute.Size / pieceRows
	pieces         = C.TENSORITY_CHAINS * piecesPerChain
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
// or ctx ends.
func (h *hasher) takePieces(ctx context.Context, indices *[4][32]uint8, next *atomic.Int32) {
	C.tensority_begin(h.scratch)
	for ctx.Err() == nil {
		n := int(next.Add(1)) - 1
		if n >= pieces {
			return
		}
		first := n % piecesPerChain * pieceRows
		C.tensority_rows(h.isa, (*C.tensority_matrix)(h.seed), h.scratch, (*C.uint8_t)(&indices[0][0]),
			C.int(n/piecesPerChain), C.int(first), C.int(first+pieceRows))
	}
}

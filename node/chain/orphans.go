package chain

import (
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Bounds on the blocks that wait for their parents: anyone can send such blocks,
// and their proofs can't be checked.
const (
	maxEarlyBlocks = 256
	maxEarlyBytes  = 64 << 20
	earlyLifetime  = time.Hour
)

// earlyBlocks are the blocks whose parents are not known yet. The gate's mutex
// guards it.
type earlyBlocks struct {
	queue []earlyBlock // oldest first
	bytes uint64
}

type earlyBlock struct {
	id    bc.Hash
	block *types.Block
	since time.Time
	bytes uint64
}

func newEarlyBlocks() *earlyBlocks { return &earlyBlocks{} }

// add keeps a block; the oldest give way.
func (e *earlyBlocks) add(id bc.Hash, block *types.Block, now time.Time) {
	for _, have := range e.queue {
		if have.id == id {
			return
		}
	}
	size := uint64(0)
	for _, tx := range block.Transactions {
		size += tx.SerializedSize
	}
	e.queue = append(e.queue, earlyBlock{id, block, now, size})
	e.bytes += size
	for len(e.queue) > maxEarlyBlocks || e.bytes > maxEarlyBytes || now.Sub(e.queue[0].since) > earlyLifetime {
		e.bytes -= e.queue[0].bytes
		e.queue = e.queue[1:]
		if len(e.queue) == 0 {
			return
		}
	}
}

// take removes and returns the children of a block.
func (e *earlyBlocks) take(parent bc.Hash) []*types.Block {
	var children []*types.Block
	kept := make([]earlyBlock, 0, len(e.queue))
	for _, have := range e.queue {
		if have.block.PreviousBlockHash != parent {
			kept = append(kept, have)
			continue
		}
		children = append(children, have.block)
		e.bytes -= have.bytes
	}
	e.queue = kept
	return children
}

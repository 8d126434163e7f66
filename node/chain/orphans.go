package chain

import (
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Bounds on the blocks that wait for their parents: anyone can send such blocks,
// and their proofs can't be checked.
const (
	maxOrphans     = 256
	maxOrphanBytes = maxUnprovedBytes
	orphanLifetime = time.Hour
	// maxSiblings is how many of them may wait for the same parent: each costs a hash when that comes.
	maxSiblings = 4
)

// orphanBlocks are the blocks whose parents are not known yet. The gate's mutex
// guards it.
type orphanBlocks struct {
	queue []orphanBlock // oldest first
	unproved
}

type orphanBlock struct {
	id    bc.Hash
	block *types.Block
	since time.Time
	unproved
}

func newOrphanBlocks() *orphanBlocks { return &orphanBlocks{} }

// add keeps a block; the oldest give way.
func (e *orphanBlocks) add(id bc.Hash, block *types.Block, now time.Time) {
	siblings := 0
	for _, have := range e.queue {
		if have.block.PreviousBlockHash == block.PreviousBlockHash {
			siblings++
		}
		if have.id == id || siblings == maxSiblings {
			return
		}
	}
	size := unprovedOf(block)
	e.queue = append(e.queue, orphanBlock{id, block, now, size})
	e.unproved = e.plus(size)
	for len(e.queue) > maxOrphans || e.tooMuch() || now.Sub(e.queue[0].since) > orphanLifetime {
		e.unproved = e.minus(e.queue[0].unproved)
		e.queue[0] = orphanBlock{} // What is behind it keeps the place, and would keep the block.
		e.queue = e.queue[1:]
		if len(e.queue) == 0 {
			return
		}
	}
}

// take removes and returns the children of a block.
func (e *orphanBlocks) take(parent bc.Hash) []*types.Block {
	var children []*types.Block
	kept := make([]orphanBlock, 0, len(e.queue))
	for _, have := range e.queue {
		if have.block.PreviousBlockHash != parent {
			kept = append(kept, have)
			continue
		}
		children = append(children, have.block)
		e.unproved = e.minus(have.unproved)
	}
	e.queue = kept
	return children
}

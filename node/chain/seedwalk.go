package chain

import (
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// seedWalk follows the seed along a run of blocks whose first builds on a known
// one.
type seedWalk struct {
	blocks []*types.Block
	seed   *bc.Hash // of the block at n; nil if it is unknown
	n      int
}

func newSeedWalk(chain *protocol.Chain, blocks []*types.Block) *seedWalk {
	seed, err := chain.CalcNextSeed(&blocks[0].PreviousBlockHash)
	if err != nil {
		seed = nil
	}
	return &seedWalk{blocks: blocks, seed: seed}
}

// at returns the id and the seed of block n, which must not be below the last one
// asked for.
func (w *seedWalk) at(n int) (id, seed [32]byte, ok bool) {
	for w.n < n {
		if w.seed != nil && w.blocks[w.n].Height%consensus.SeedPerRetarget == 0 {
			hash := w.blocks[w.n].Hash()
			w.seed = &hash
		}
		w.n++
	}
	if w.seed == nil {
		return id, seed, false
	}
	hash := w.blocks[n].Hash()
	return hash.Byte32(), w.seed.Byte32(), true
}

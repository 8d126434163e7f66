package chain_test

import (
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// TestSeedWalk compares the seeds along 600 blocks, of which three end an epoch,
// with the rule.
func TestSeedWalk(t *testing.T) {
	f := chaintest.NewQuick(t)
	tip := f.Chain.Tip()
	blocks := make([]*types.Block, 600)
	previous := tip.Hash
	for i := range blocks {
		blocks[i] = &types.Block{BlockHeader: types.BlockHeader{Height: uint64(i + 1), PreviousBlockHash: previous}}
		previous = blocks[i].Hash()
	}
	seeds := chain.NewSeedWalk(f.Bytom, blocks)
	want := *consensus.InitialSeed
	for i, b := range blocks {
		id, seed, ok := seeds(i)
		if hash := b.Hash(); !ok || id != hash.Byte32() || seed != want.Byte32() {
			t.Fatalf("height %d: seed %x, expected %s (%v)", b.Height, seed, want.String(), ok)
		}
		if b.Height%256 == 0 {
			want = b.Hash()
		}
	}
	blocks[0].PreviousBlockHash = bc.Hash{V0: 9}
	if _, _, ok := chain.NewSeedWalk(f.Bytom, blocks)(0); ok {
		t.Error("a seed behind an unknown block")
	}
}

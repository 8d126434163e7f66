package selection_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// TestOutputsFollowTheChain compares what is carried over from tip to tip with what
// the database says, through blocks full of transactions and reorganisations.
func TestOutputsFollowTheChain(t *testing.T) {
	p := chaintest.NewPoisoned(t, rand.New(rand.NewPCG(5, 19)))
	p.Grow(t, 101)
	p.Selector.SetMaxGas(20_000) // Children are left behind when their parents are mined.
	asked := make(map[bc.Hash]bool)
	carried := 0
	compare := func() {
		t.Helper()
		for _, desc := range p.Pool.GetTransactions() {
			for _, id := range desc.Tx.SpentOutputIDs {
				asked[id] = true
			}
		}
		n, err := p.Selector.CompareOutputs(slices.Collect(maps.Keys(asked)))
		if err != nil {
			t.Fatal(err)
		}
		carried += n
	}
	for round := range 12 {
		p.Spoil(t, 20)
		compare()
		fork := p.Chain.Tip()
		for range p.Rand.IntN(4) {
			p.Process(t, chaintest.Unsolved(t, p.FullTemplate(t)))
			if p.Rand.IntN(2) == 0 {
				compare()
			}
		}
		if round%3 == 2 {
			overtake(t, p, fork)
		}
		compare()
	}
	if carried < 1000 {
		t.Errorf("%d outputs were carried over: too few to show anything", carried)
	}
}

// overtake replaces all blocks above one by a branch of empty blocks.
func overtake(t testing.TB, p *chaintest.Poisoned, parent mining.Tip) {
	t.Helper()
	for best := p.Chain.Tip().Height; parent.Height <= best; {
		b := &types.Block{
			BlockHeader: types.BlockHeader{
				Version: 1, Height: parent.Height + 1, PreviousBlockHash: parent.Hash, Timestamp: parent.MedianTime + 1, Bits: parent.Bits,
			},
			Transactions: []*types.Tx{txtest.Coinbase([]byte{0, byte(p.Rand.Uint32())}, txtest.BTM(consensus.BlockSubsidy(parent.Height+1), txtest.PayToKey()...))},
		}
		chaintest.Seal(b)
		p.Work(t, b)
		if _, err := p.Gate.Process(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		next, ok := p.Chain.After(b.Hash())
		if !ok {
			t.Fatal("the chain forgot a block")
		}
		parent = next
	}
	if got := p.Chain.Tip().Hash; got != parent.Hash {
		t.Fatalf("the tip is %s, expected %s", got.String(), parent.Hash.String())
	}
}

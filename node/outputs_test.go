package node

import (
	"math/rand/v2"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestOutputsFollowTheChain compares what is carried over from tip to tip with what
// the database says, through blocks full of transactions and reorganisations.
func TestOutputsFollowTheChain(t *testing.T) {
	p := NewPoisoned(t, rand.New(rand.NewPCG(5, 19)))
	p.Grow(t, 101)
	p.chain.selector.limit.gas = 20_000 // Children are left behind when their parents are mined.
	asked := make(map[bc.Hash]bool)
	carried := 0
	compare := func() {
		t.Helper()
		all := &bc.Tx{}
		for _, desc := range p.bytom.pool.GetTransactions() {
			for _, id := range desc.Tx.SpentOutputIDs {
				asked[id] = true
			}
		}
		for id := range asked {
			all.SpentOutputIDs = append(all.SpentOutputIDs, id)
		}
		tip := p.chain.GetBlockIndex().BestNode()
		moved := p.chain.selector.found.Load().at(tip, p.chain.Chain)
		found, err := moved.lookUp([]*bc.Tx{all}, p.chain.Chain)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := (*outputs)(nil).at(tip, p.chain.Chain).lookUp([]*bc.Tx{all}, p.chain.Chain)
		if err != nil {
			t.Fatal(err)
		}
		for id := range asked {
			a, b := found.entries[id], fresh.entries[id]
			if (a == nil) != (b == nil) || a != nil && *a != *b {
				t.Fatalf("height %d: output %s is carried over as %v, the database says %v", tip.Height, id.String(), a, b)
			}
			if _, known := moved.get(id); known {
				carried++
			}
		}
		p.chain.selector.found.Store(found)
	}
	for round := range 12 {
		p.Spoil(t, 20)
		compare()
		fork := p.chain.Tip()
		for range p.Rand.IntN(4) {
			p.Process(t, Unsolved(t, p.FullTemplate(t)))
			if p.Rand.IntN(2) == 0 {
				compare()
			}
		}
		if round%3 == 2 {
			p.overtake(t, fork)
		}
		compare()
	}
	if carried < 1000 {
		t.Errorf("%d outputs were carried over: too few to show anything", carried)
	}
}

// overtake replaces all blocks above one by a branch of empty blocks.
func (p *Poisoned) overtake(t testing.TB, parent mining.Tip) {
	t.Helper()
	for best := p.chain.Tip().Height; parent.Height <= best; {
		b := &types.Block{
			BlockHeader: types.BlockHeader{
				Version: 1, Height: parent.Height + 1, PreviousBlockHash: parent.Hash, Timestamp: parent.MedianTime + 1, Bits: parent.Bits,
			},
			Transactions: []*types.Tx{coinbaseTx([]byte{0, byte(p.Rand.Uint32())}, btm(consensus.BlockSubsidy(parent.Height+1), payToKey()...))},
		}
		Seal(b)
		p.Work(t, b)
		if _, err := p.gate.process(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		next, ok := p.chain.After(b.Hash())
		if !ok {
			t.Fatal("the chain forgot a block")
		}
		parent = next
	}
	if got := p.chain.Tip().Hash; got != parent.Hash {
		t.Fatalf("the tip is %s, expected %s", got.String(), parent.Hash.String())
	}
}

package chain_test

import (
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// TestChainTellsOfBlocks has two blocks on the best chain and a rival of the first.
func TestChainTellsOfBlocks(t *testing.T) {
	f := chaintest.NewQuick(t)
	rival := f.Block(t, 2)
	genesis := f.Chain.Tip()
	first := f.Block(t, 1)
	f.Process(t, first)
	afterFirst := f.Chain.Tip()
	if outcome, err := f.Gate.Process(t.Context(), rival); err != nil || outcome != mining.SideChain {
		t.Fatalf("outcome %s, error %v", outcome, err)
	}
	f.Process(t, f.Block(t, 3))
	for _, tip := range []mining.Tip{genesis, afterFirst, f.Chain.Tip()} {
		if got, ok := f.Chain.After(tip.Hash); !ok || got != tip {
			t.Errorf("after %s: %+v, %v, expected %+v", tip.Hash.String(), got, ok, tip)
		}
	}
	side, ok := f.Chain.After(rival.Hash())
	if !ok || side.Height != 1 || side.Hash != rival.Hash() || side.MedianTime == 0 {
		t.Errorf("after the rival: %+v, %v", side, ok)
	}
	if _, ok := f.Chain.After(bc.Hash{V0: 1}); ok {
		t.Error("an unknown block is known")
	}
	place := func(id bc.Hash, height uint64, want mining.Place) {
		t.Helper()
		want.Best = 2
		if got := f.Chain.Place(id, height); got != want {
			t.Errorf("place %+v, expected %+v", got, want)
		}
	}
	place(first.Hash(), 1, mining.Place{Known: true, Main: true, There: first.Hash()})
	place(rival.Hash(), 1, mining.Place{Known: true, There: first.Hash()})
	place(bc.Hash{V0: 1}, 1, mining.Place{There: first.Hash()})
	place(bc.Hash{}, 3, mining.Place{})
}

package chain_test

import (
	"testing"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// TestFalseSiblingsCostFewHashes has a peer send many children of a block before the block itself, none of which has
// a proof of work. Who sends the block is known by then, and who sent those is not: nobody is banned for them.
func TestFalseSiblingsCostFewHashes(t *testing.T) {
	source := chaintest.NewQuick(t)
	parent := source.Block(t, 1)
	source.Process(t, parent)
	child := chaintest.Unsolved(t, source.Template(t))
	f := chaintest.NewQuick(t)
	for n := range uint64(200) {
		b := *child
		b.Nonce = n
		if orphan, err := peersOf(f).ProcessBlock(&b); err != nil || !orphan {
			t.Fatalf("orphan %v, error %v", orphan, err)
		}
	}
	if outcome, err := f.Gate.Process(t.Context(), parent); err != nil || outcome != mining.MainChain {
		t.Fatalf("outcome %s, error %v", outcome, err)
	}
	if n := f.Verifying.Hashes.Load(); n > 10 {
		t.Errorf("%d hashes for one block and its children", n)
	}
}

package payout

import (
	"slices"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"
)

// TestABlockThatTheChainForgot: the chain's disk fails, or its folder is moved away and the chain synchronised anew, and it has
// no block any more that left the main chain. The books are right all the same; where they have such a block as on
// the main chain, they are not.
func TestABlockThatTheChainForgot(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: Solo})
	p.share("A", quarter, 1)
	lost := p.found(true)
	p.step()
	p.chain.rewind(1)
	grow(p.chain, 2)
	p.share("A", quarter, 1)
	kept := p.found(true)
	p.step()
	if r := p.verified(); r.Verified != 2 || len(r.Forgotten) > 0 {
		t.Errorf("verified %+v, expected both blocks", r)
	}
	p.chain.forget([]*types.Block{lost})
	if r := p.verified(); r.Blocks != 2 || r.Verified != 1 || !slices.Equal(r.Forgotten, []uint64{lost.Height}) {
		t.Errorf("verified %+v, expected block %d to be forgotten", r, lost.Height)
	}
	p.chain.forget([]*types.Block{kept})
	hash := kept.Hash()
	r, err := p.books.Verify(t.Context(), p.log, p.chain)
	if err != nil || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], hash.String()) {
		t.Errorf("verified %+v, %v, expected that the main chain's block is missed", r, err)
	}
}

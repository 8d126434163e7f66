package payout

import (
	"testing"

	"github.com/bytom/bytom/protocol/bc"
)

// blinkingChain is a chain from which a block is gone at the first look, and back at the next.
type blinkingChain struct {
	Chain
	height uint64
	looked bool
}

func (c *blinkingChain) MainHash(height uint64) (bc.Hash, bool) {
	if height == c.height && !c.looked {
		c.looked = true
		return bc.Hash{}, false
	}
	return c.Chain.MainHash(height)
}

// TestABlockThatIsBackWithinAPassCountsOnce: between two looks of one pass the chain goes on. A
// block that the pass has just reversed, and that is back and deep enough, is not payable without
// having been credited again.
func TestABlockThatIsBackWithinAPassCountsOnce(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 2000})
	p.share("A", quarter, 1)
	b := p.found(true)
	p.step()
	grow(p.chain, 100)
	if err := p.books.Follow(&blinkingChain{Chain: p.chain, height: b.Height}); err != nil {
		t.Fatal(err)
	}
	if err := p.books.Recount(); err != nil {
		t.Error(err)
	}
	p.step()
	balances(t, p.books, map[string]int64{Payable("A"): -reward, Provisional("A"): 0})
}

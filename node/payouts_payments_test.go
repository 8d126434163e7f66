package node

import (
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/payout"
)

// heightChain is a chain that knows its height alone.
type heightChain struct {
	payout.Chain
	height uint64
}

func (c heightChain) Best() (uint64, bc.Hash) { return c.height, bc.Hash{} }

// TestALateSignatureIsRefused: nobody is sent to the key for a payment that no block can have.
func TestALateSignatureIsRefused(t *testing.T) {
	b := payout.Batch{TimeRange: 500}
	for height, late := range map[uint64]bool{499: false, 500: true, 501: true} {
		err := (&payouts{chain: heightChain{height: height}}).late(b)
		if (err != nil) != late || late && !strings.Contains(err.Error(), "valid up to height 500") {
			t.Errorf("height %d: %v", height, err)
		}
	}
}

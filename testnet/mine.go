package testnet

import (
	"math/rand/v2"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/mining"
)

// Mine has the node produce blocks from the work that it hands out by get-work,
// solved by v.
func (n *Node) Mine(v *compute.Verifier, blocks int) {
	n.t.Helper()
	for range blocks {
		var work struct {
			BlockHeader *types.BlockHeader `json:"block_header"`
			Seed        *bc.Hash           `json:"seed"`
		}
		Wait(n.t, 10*time.Second, func() error { return n.Call("/get-work", nil, &work) })
		// The stock node gives everybody the same header.
		h := work.BlockHeader
		h.Nonce = rand.Uint64() >> 2
		for target := mining.TargetFromBits(h.Bits); ; h.Nonce++ {
			result, err := v.Hash(n.t.Context(), h.Hash().Byte32(), work.Seed.Byte32())
			if err != nil {
				n.t.Fatal(err)
			}
			if target.Met(result) {
				break
			}
		}
		if err := n.Call("/submit-work", map[string]any{"block_header": h}, nil); err != nil {
			n.t.Fatal(err)
		}
	}
}

package node

import (
	"math"
	"math/big"
	"testing"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// TestHashesAreCredited: whatever a second's hashes are worth, the shares that they become are
// worth the same, each a block at the most.
func TestHashesAreCredited(t *testing.T) {
	for _, bits := range []uint64{2161727821137910632, 0x1d00000000ffffff, 0x2000000000ffffff} {
		network := mining.TargetFromBits(bits)
		for _, hashes := range []uint64{1, 7, 1000} {
			n := &Node{station: station{ledger: ledger.InMemory()}}
			n.credit("sm1owner", hashes, network)
			sum, exact := new(big.Int), new(big.Int).SetBytes(network[:])
			exact.Add(exact, big.NewInt(1)).Mul(exact, new(big.Int).SetUint64(hashes)).Rsh(exact, 192)
			shares, did := 0, 0.0
			err := n.ledger.Shares(func(s ledger.Share) bool {
				shares++
				did += s.Effective
				sum.Add(sum, new(big.Int).SetUint64(s.Work))
				return s.Owner == "sm1owner"
			})
			if err != nil || did != float64(hashes) {
				t.Errorf("%d hashes at %s: %v of them in %d shares, %v", hashes, network, did, shares, err)
			}
			// Each share is rounded down, and the whole of a block has no number of its own.
			if lost := new(big.Int).Sub(exact, sum); lost.Sign() < 0 || lost.Cmp(big.NewInt(int64(shares))) > 0 {
				t.Errorf("%d hashes at %s: worth %v in %d shares, expected %v", hashes, network, sum, shares, exact)
			}
		}
	}
}

// TestTheMinersOwner: this node's hashes are somebody's where payouts are on, and its address
// is looked at.
func TestTheMinersOwner(t *testing.T) {
	onSolonet(t)
	c := NewConfig()
	c.Payout.Scheme, c.Payout.Miner = "pplns", someAddress
	n := &Node{station: station{config: c}}
	if owner, err := n.minerOwner(); owner != someAddress || err != nil {
		t.Errorf("%q, %v", owner, err)
	}
	c.Payout.Miner = someAddress[1:]
	if _, err := n.minerOwner(); err == nil {
		t.Error("half an address is taken")
	}
	c.Payout.Scheme = ""
	if owner, err := n.minerOwner(); owner != "" || err != nil {
		t.Errorf("with payouts off: %q, %v", owner, err)
	}
	if mining.TargetFromBits(0x2000000000ffffff).WorkOfHashes(math.MaxUint64) != math.MaxUint64 {
		t.Error("more than a block is not a block")
	}
}

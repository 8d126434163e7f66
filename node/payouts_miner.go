package node

import (
	"context"
	"fmt"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// minerOwner is to whom the work of this node's own devices is credited; empty is the
// operator, and what they find is his alone.
func (n *Node) minerOwner() (string, error) {
	c := n.config.Payout
	if c.Scheme == "" || c.Miner == "" {
		return "", nil
	}
	owner, err := ownerAddress(c.Miner)
	if err != nil {
		return "", fmt.Errorf("key payout.miner: %w", err)
	}
	return owner, nil
}

// creditMiner logs the hashes of this node's devices once a second, as shares of their owner.
// A block that they find then stands behind the hashes that it took.
func (n *Node) creditMiner(ctx context.Context, owner string) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	done := n.usefulHashes()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		t, err := n.generator.Current()
		if now := n.usefulHashes(); err == nil && now > done {
			n.credit(owner, now-done, t.Target)
			done = now
		}
	}
}

// usefulHashes are those of this node's devices that could have made a block.
func (n *Node) usefulHashes() uint64 {
	all, wasted := n.miner.Hashes()
	return all - wasted
}

// mostCreditedAt bounds the shares that a second's hashes become: on a solonet they may be
// worth many blocks, and a share is worth one at the most.
const mostCreditedAt = 1000

// credit logs hashes, in shares of a block each at the most.
func (n *Node) credit(owner string, hashes uint64, network mining.Target) {
	difficulty := network.Difficulty()
	block := uint64(max(1, difficulty))
	for range mostCreditedAt {
		part := min(hashes, block)
		n.ledger.Credit(time.Now(), owner, float64(part), difficulty, network.WorkOfHashes(part))
		if hashes -= part; hashes == 0 {
			return
		}
	}
}

package node

import (
	"fmt"
	"math/big"

	"github.com/bytom/bytom/consensus"
)

// network is the network as the RPC has it: a gbt.Network.
type network struct{ n *Node }

// Name satisfies gbt.Network.
func (w network) Name() string { return w.n.config.Bytom.ChainID }

// Peers satisfies gbt.Network.
func (w network) Peers() int {
	if w.n.config.Bytom.VaultMode {
		return 0
	}
	return w.n.bytom.sync.PeerCount()
}

// Clock satisfies gbt.Network.
func (w network) Clock() string { return w.n.clock.suspect() }

// Hashrate satisfies gbt.Network: the work of the blocks by the time between them.
func (w network) Hashrate(blocks int, height int64) (float64, error) {
	index, best := w.n.bytom.chain.GetBlockIndex(), w.n.bytom.chain.BestBlockHeight()
	if height > int64(best) {
		return 0, fmt.Errorf("height %d: expected up to %d", height, best)
	}
	last := index.BestNode()
	if height >= 0 {
		last = index.NodeByHeight(uint64(height))
	}
	if blocks <= 0 {
		blocks = int(last.Height%consensus.BlocksPerRetarget) + 1
	}
	first := index.NodeByHeight(last.Height - min(uint64(blocks), last.Height))
	if first == nil || last.Timestamp <= first.Timestamp {
		return 0, nil
	}
	work := new(big.Int).Sub(last.WorkSum, first.WorkSum)
	sum, _ := new(big.Float).SetInt(work).Float64()
	return sum / float64(last.Timestamp-first.Timestamp), nil
}

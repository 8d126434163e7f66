package node

import (
	"fmt"
	"math/big"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt"
)

// rpcNetwork is the network as the RPC has it: a gbt.Network and a gbt.Chain.
type rpcNetwork struct{ n *Node }

// Name satisfies gbt.Network.
func (w rpcNetwork) Name() string { return w.n.config.Bytom.ChainID }

// Peers satisfies gbt.Network.
func (w rpcNetwork) Peers() int {
	if w.n.config.Bytom.VaultMode {
		return 0
	}
	return w.n.bytom.sync.PeerCount()
}

// Clock satisfies gbt.Network.
func (w rpcNetwork) Clock() string { return w.n.clock.suspect() }

// Connected satisfies gbt.Network.
func (w rpcNetwork) Connected() []gbt.Peer {
	if w.n.config.Bytom.VaultMode {
		return nil
	}
	heights := make(map[string]uint64)
	for _, info := range w.n.bytom.sync.GetPeerInfos() {
		heights[info.ID] = info.Height
	}
	var list []gbt.Peer
	for _, p := range w.n.bytom.peers.Peers().List() {
		height, greeted := heights[p.ID()]
		if !greeted {
			continue // It has not sent its status yet, and is no peer of the stock API either.
		}
		sent, received := p.TrafficStatus()
		now := time.Now()
		list = append(list, gbt.Peer{
			Addr: p.Addr().String(), Version: p.Version, Inbound: !p.IsOutbound(), Height: height, Since: sent.Start,
			LastSend: now.Add(-sent.Idle), LastReceive: now.Add(-received.Idle), Sent: sent.Bytes, Received: received.Bytes,
		})
	}
	return list
}

// At satisfies gbt.Chain.
func (w rpcNetwork) At(height uint64) (bc.Hash, bool) {
	node := w.n.bytom.chain.GetBlockIndex().NodeByHeight(height)
	if node == nil {
		return bc.Hash{}, false
	}
	return node.Hash, true
}

// Block satisfies gbt.Chain.
func (w rpcNetwork) Block(id bc.Hash) (*types.Block, error) {
	return w.n.bytom.chain.GetBlockByHash(&id)
}

// Work satisfies gbt.Chain.
func (w rpcNetwork) Work() *big.Int { return w.n.bytom.chain.GetBlockIndex().BestNode().WorkSum }

// Pooled satisfies gbt.Chain.
func (w rpcNetwork) Pooled() int { return len(w.n.bytom.pool.GetTransactions()) }

// Hashrate satisfies gbt.Network: the work of the blocks by the time between them.
func (w rpcNetwork) Hashrate(blocks int, height int64) (float64, error) {
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

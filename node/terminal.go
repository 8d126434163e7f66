package node

import (
	"errors"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Stats are the figures of now, as StatusRoute answers them.
func (n *Node) Stats() Stats { return n.stats() }

// Devices are the state of each device that the node has.
func (n *Node) Devices() []mining.DeviceStatus { return n.miner.Devices() }

// errNotMining is the error of a pause of what is off anyway.
var errNotMining = errors.New("this node's own devices do not mine: start it with --mining")

// Pause has the node's own devices rest, or mine again, until it is called again, mining is
// switched by a call of /set-mining, or the node ends: nothing is written down. Rigs go on. It
// reports whether that is new; the error says that the devices are switched off anyway.
func (n *Node) Pause(on bool) (changed bool, err error) {
	old, now := n.miner.Change(func(s *mining.MinerSettings) { s.Paused = on && s.On })
	if on && !now.On {
		return false, errNotMining
	}
	return old.Paused != now.Paused, nil
}

// Height is that of the best block, and of the best peer's, 0 where there is no peer.
func (n *Node) Height() (own, highest uint64) {
	own = n.bytom.chain.BestBlockHeight()
	if n.config.Bytom.VaultMode {
		return own, 0
	}
	if best := n.bytom.sync.BestPeer(); best != nil {
		highest = best.Height
	}
	return own, highest
}

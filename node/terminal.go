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

// Heights are how far the chain is, and what follows it.
type Heights struct {
	// Own is that of the best block, Highest of the best peer's, 0 where there is no peer.
	Own, Highest uint64
	// Wallet is up to where the wallet has read the chain; it is Own where there is no wallet.
	Wallet uint64
}

// Heights are those of now.
func (n *Node) Heights() Heights {
	own := n.bytom.chain.BestBlockHeight()
	h := Heights{Own: own, Wallet: own}
	if w := n.bytom.wallet; w != nil {
		h.Wallet = w.GetWalletStatusInfo().WorkHeight
	}
	if n.config.Bytom.VaultMode {
		return h
	}
	if best := n.bytom.sync.BestPeer(); best != nil {
		h.Highest = best.Height
	}
	return h
}

package node

import (
	"errors"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/netsync"

	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// peersAt is a network of peers by their heights, the first the highest.
type peersAt []uint64

func (p peersAt) BestPeer() *netsync.PeerInfo { return &netsync.PeerInfo{Height: p[0]} }

func (p peersAt) GetPeerInfos() (all []*netsync.PeerInfo) {
	for _, h := range p {
		all = append(all, &netsync.PeerInfo{Height: h})
	}
	return all
}

// TestOnePeerDoesNotStopMining has a peer among others say that it is ahead: it lies, or is on a branch that has
// more blocks and less work. The node may be behind where half of them say so, or where its own best block is old.
func TestOnePeerDoesNotStopMining(t *testing.T) {
	f := chaintest.NewQuick(t)
	f.Process(t, f.Block(t, 0))
	severalNetworks(t)
	consensus.ActiveNetParams = consensus.NetParams["mainnet"]
	consensus.ActiveNetParams.Checkpoints = nil
	for _, test := range []struct {
		peers  peersAt
		age    time.Duration // of the best block
		behind bool
	}{
		{peersAt{2}, 0, true}, {peersAt{2, 1}, 0, true}, {peersAt{2, 1, 1}, 0, false}, {peersAt{1 << 40, 1, 1, 0}, 0, false},
		{peersAt{2, 2, 1, 1}, 0, true}, {peersAt{1 << 40, 2, 1, 1, 1, 1, 1, 1}, 0, false}, {peersAt{9, 9, 9, 1, 1}, 0, true},
		{peersAt{2, 1, 1}, 59 * time.Minute, false}, {peersAt{2, 1, 1}, 61 * time.Minute, true}, {peersAt{1, 1, 1}, 61 * time.Minute, false},
	} {
		now := time.Unix(int64(f.Bytom.BestBlockHeader().Timestamp), 0).Add(test.age)
		c := chain.New(chain.Config{Chain: f.Bytom, Now: func() time.Time { return now }})
		c.SetNetwork(test.peers)
		if err := c.Ready(); errors.Is(err, chain.ErrBehind) != test.behind {
			t.Errorf("peers at %v, the node at 1, its block %v old: %v", test.peers, test.age, err)
		}
	}
}

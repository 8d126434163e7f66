package node

import (
	"errors"
	"strings"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/netsync"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// peerAt is a network whose highest peer is at a height; negative is no peer.
type peerAt int

func (p peerAt) BestPeer() *netsync.PeerInfo {
	if p < 0 {
		return nil
	}
	return &netsync.PeerInfo{Height: uint64(p)}
}

func (p peerAt) GetPeerInfos() []*netsync.PeerInfo {
	if p < 0 {
		return nil
	}
	return []*netsync.PeerInfo{p.BestPeer()}
}

// TestNothingIsMinedBeforeTheNodeHasCaughtUp asks at height 3.
func TestNothingIsMinedBeforeTheNodeHasCaughtUp(t *testing.T) {
	f := chaintest.NewQuick(t)
	for range 3 {
		if _, err := f.Gate.Process(t.Context(), f.Block(t, 0)); err != nil {
			t.Fatal(err)
		}
	}
	severalNetworks(t)
	const none, vault = peerAt(-1), peerAt(-2)
	checkpoints := func(heights ...uint64) (list []consensus.Checkpoint) {
		for _, h := range heights {
			list = append(list, consensus.Checkpoint{Height: h})
		}
		return list
	}
	for _, test := range []struct {
		name        string
		network     string
		checkpoints []consensus.Checkpoint
		peer        peerAt
		allowed     bool
		want        string // part of the reason; empty is ready
	}{
		{"no peer", "mainnet", checkpoints(3), none, false, "no peer"},
		{"a peer one ahead", "mainnet", checkpoints(3), 4, false, "at height 3 of 4"},
		{"a peer 1,000 ahead", "mainnet", checkpoints(3), 1003, false, "at height 3 of 1003"},
		{"a peer a million ahead", "mainnet", checkpoints(3), 1_000_003, false, "at height 3 of 1000003"},
		{"a peer level", "mainnet", checkpoints(3), 3, false, ""},
		{"a peer one behind", "mainnet", checkpoints(3), 2, false, ""},
		{"a peer at the start", "mainnet", checkpoints(3), 0, false, ""},
		{"no checkpoints", "mainnet", nil, 3, false, ""},
		{"one below the last checkpoint", "mainnet", checkpoints(1, 4), 3, false, "at height 3 of at least 4"},
		{"below it, no peer", "mainnet", checkpoints(1, 4), none, false, "no peer yet, at height 3 of at least 4"},
		{"below it, allowed", "mainnet", checkpoints(1, 4), none, true, ""},
		{"mainnet's own checkpoints", "mainnet", consensus.MainNetParams.Checkpoints, 3, false, "syncing"},
		{"wisdom's own checkpoints", "wisdom", consensus.TestNetParams.Checkpoints, 3, false, "syncing"},
		{"wisdom, no peer", "wisdom", nil, none, false, "no peer"},
		{"wisdom, a peer ahead", "wisdom", nil, 4, false, "at height 3 of 4"},
		{"wisdom, a peer level", "wisdom", nil, 3, false, ""},
		{"behind a peer, allowed", "mainnet", nil, 1003, true, ""},
		{"no peer, allowed", "mainnet", nil, none, true, ""},
		{"vault mode", "mainnet", checkpoints(3), vault, false, "vault mode"},
		{"vault mode below the last checkpoint", "mainnet", checkpoints(4), vault, false, "vault mode"},
		{"vault mode, allowed", "mainnet", checkpoints(3), vault, true, ""},
		{"vault mode on wisdom", "wisdom", nil, vault, false, "vault mode"},
		{"solonet, no peer", "solonet", nil, none, false, ""},
		{"solonet, behind a peer", "solonet", nil, 1003, false, ""},
		{"solonet in vault mode", "solonet", nil, vault, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			consensus.ActiveNetParams = consensus.NetParams[test.network]
			consensus.ActiveNetParams.Checkpoints = test.checkpoints
			c := chain.New(chain.Config{Chain: f.Bytom, AllowUnsynced: test.allowed})
			if test.peer != vault {
				c.SetNetwork(test.peer)
			}
			err := c.Ready()
			if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, mining.ErrNotReady) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, expected %q", err, test.want)
			}
		})
	}
}

// TestWisdomIsNoSolonet starts the node on the test network: nothing is mined where it has
// no peers, and once that is allowed, what is mined has that network's addresses.
func TestWisdomIsNoSolonet(t *testing.T) {
	severalNetworks(t)
	for _, allowed := range []bool{false, true} {
		config := soloConfig(home(t))
		config.Bytom.ChainID, config.Mining.AllowUnsynced = "wisdom", allowed
		consensus.ActiveNetParams = consensus.TestNetParams
		config.Mining.Address = addressOf(t, 1)
		n, closeIt := newWholeNode(t, config)
		template, err := n.generator.Current()
		if !allowed && (!errors.Is(err, mining.ErrNotReady) || !strings.Contains(err.Error(), "vault mode")) {
			t.Errorf("without peers: %v, %v", template, err)
		}
		if allowed && (err != nil || !strings.HasPrefix(template.Payee.Address, "tm1")) {
			t.Errorf("allowed: %v, %v", template, err)
		}
		if mode, _ := n.solonet.read(); mode != clockReal {
			t.Errorf("the clock is %s", mode)
		}
		n.logStatus()
		closeIt()
	}
}

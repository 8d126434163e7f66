package payouts_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// twin starts another node with the chain of this one, which is stopped. They are not connected.
func (p *pool) twin() *testnet.Node {
	p.t.Helper()
	home, chain := p.t.TempDir(), filepath.Join("data", "core.db")
	if err := os.CopyFS(filepath.Join(home, chain), os.DirFS(filepath.Join(p.Home, chain))); err != nil {
		p.t.Fatal(err)
	}
	n := testnet.Start(p.t, testnet.NodeOptions{Simulated: true, Home: home, Args: []string{"--solonet.tools"}})
	harness.MakeAccount(p.t, n)
	return n
}

// follower starts another node, which gets the chain from this one and is cut off again: it is not
// to have payments in its pool.
func (p *pool) follower() *testnet.Node {
	p.t.Helper()
	n := testnet.Start(p.t, testnet.NodeOptions{Simulated: true, Args: []string{"--solonet.tools"}})
	harness.MakeAccount(p.t, n)
	n.Connect(p.Node)
	testnet.WaitSameTip(p.Node, n, time.Minute)
	n.Disconnect(p.Node)
	return n
}

// reorganise has the node pay what is due, so many blocks deep, and a rival find more blocks
// without the payment: it has the same chain until then, and is not connected. When they meet, the
// node pays again, once.
func (p *pool) reorganise(rival *testnet.Node, depth int, find func(blocks int)) {
	p.t.Helper()
	id := p.pay(payout.BatchSigned).ID
	first := p.mineBatch(id)
	if depth > 1 {
		p.mine(depth - 1)
	}
	if depth > 100 {
		p.awaitBatch(payout.BatchPaid, is(id))
	}
	find(depth + 1)
	rival.Connect(p.Node)
	testnet.WaitSameTip(p.Node, rival, 20*time.Minute)
	// It is in no block of the node's chain, and is not forgotten.
	if b := p.awaitBatch(payout.BatchSigned, is(id)); b.Block != "" || b.Height != 0 {
		p.t.Errorf("the payment is in block %s at height %d, which left the main chain", b.Block, b.Height)
	}
	if second := p.mineBatch(id); second.Block == first.Block || second.Height <= first.Height {
		p.t.Errorf("the payment is in block %s at height %d again, expected another than %s at %d", second.Block, second.Height, first.Block, first.Height)
	}
	testnet.WaitSameTip(p.Node, rival, time.Minute)
	p.check(rival)
}

// TestAPaidPaymentIsReorganisedAway has a rival's branch of a hundred and two blocks take away a
// payment that the books have as paid for good: it is paid again, once.
func TestAPaidPaymentIsReorganisedAway(t *testing.T) {
	t.Parallel()
	p := newPool(t, payout.PPLNS, "--payout.every", "100000")
	p.awaitBlocksOf(5, 4)
	p.mine(101)
	rival := p.follower()
	p.reorganise(rival, 101, func(blocks int) { mine(t, rival, blocks) })
}

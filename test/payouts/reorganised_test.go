package payouts_test

import (
	"time"

	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// reorganise has the node and a rival part. The node pays what is due, so many blocks deep; the
// rival finds more blocks, without the payment. When they meet, the node pays again, once.
func (p *pool) reorganise(rival *testnet.Node, depth int, find func(blocks int)) {
	p.t.Helper()
	rival.Connect(p.Node)
	testnet.WaitSameTip(p.Node, rival, 10*time.Minute)
	rival.Disconnect(p.Node)
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

package node

import (
	"testing"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// TestPayoutChain: a coinbase is spent by a transaction that was submitted twice, and a
// reorganisation gives it back.
func TestPayoutChain(t *testing.T) {
	f := chaintest.NewQuick(t)
	c := &payoutChain{f.Bytom}
	next := func() bc.Hash {
		t.Helper()
		b := chaintest.Unsolved(t, f.FullTemplate(t))
		f.Process(t, b)
		return b.Hash()
	}
	first := next()
	block, err := c.Block(first)
	if err != nil {
		t.Fatal(err)
	}
	coinbase := block.Transactions[0]
	spent := *coinbase.OutputID(0)
	unspent := func(want bool) {
		t.Helper()
		if got, err := c.Unspent(spent); got != want || err != nil {
			t.Errorf("unspent: %v, %v, expected %v", got, err, want)
		}
	}
	unspent(true)
	if got, err := c.Unspent(bc.Hash{V0: 1}); got || err != nil {
		t.Errorf("an output that is not there: %v, %v", got, err)
	}
	for range 99 {
		next()
	}
	rival := f.Block(t, 7)
	tx := txtest.SpendOf(coinbase, txtest.Fee)
	for range 2 {
		if err := c.Submit(tx); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(f.Pool.GetTransactions()); n != 1 {
		t.Fatalf("%d transactions in the pool", n)
	}
	unspent(true)
	mined := next()
	if b, err := c.Block(mined); err != nil || len(b.Transactions) != 2 || b.Transactions[1].ID != tx.ID {
		t.Fatalf("not in the next block: %v", err)
	}
	unspent(false)
	height, hash := c.Best()
	if got, ok := c.MainHash(height); !ok || got != hash || hash != mined || height != 101 {
		t.Errorf("best is %x at %d, on the main chain %x", hash.Bytes(), height, got.Bytes())
	}
	if _, ok := c.MainHash(height + 1); ok {
		t.Error("a block above the best")
	}
	if err := c.Submit(tx); err == nil {
		t.Error("an input that is spent is taken")
	}
	if _, err := f.Gate.Process(t.Context(), rival); err != nil {
		t.Fatal(err)
	}
	onRival := chaintest.Unsolved(t, f.FullTemplate(t))
	onRival.PreviousBlockHash = rival.Hash()
	f.Process(t, onRival)
	if got, ok := c.MainHash(101); !ok || got == mined {
		t.Error("the block is on the main chain still")
	}
	unspent(true)
}

// TestPayoutChainRefuses: what is not there, and twice a transaction that pays no fee, though
// the pool remembers errors.
func TestPayoutChainRefuses(t *testing.T) {
	f := chaintest.NewQuick(t)
	c := &payoutChain{f.Bytom}
	if _, err := c.Block(bc.Hash{V0: 1}); err == nil {
		t.Error("a block that is not there")
	}
	tx := txtest.SignedTx(bc.Hash{V0: 1}, 1_000_000_000, 1)
	for range 2 {
		if err := c.Submit(tx); err == nil {
			t.Error("a transaction without a fee is taken")
		}
	}
}

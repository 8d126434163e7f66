package payout

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"
)

func open(t testing.TB, path string) *Books {
	t.Helper()
	b, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func pathIn(t testing.TB) string { return filepath.Join(t.TempDir(), "payouts.db") }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// manifestFor splits a block between owners, by amounts; the operator has the rest.
func manifestFor(t testing.TB, block *types.Block, fee uint64, parts ...Part) *Manifest {
	t.Helper()
	coinbase, err := fundOf(block.Transactions[0], 0)
	must(t, err)
	m := &Manifest{Block: block.Hash(), Height: block.Height, Found: time.Now().UTC(), Reward: reward, Fee: fee, Rest: reward - fee, Parts: parts, Coinbase: *coinbase}
	for _, p := range parts {
		m.Rest -= p.Amount
	}
	return m
}

// balances compares some balances.
func balances(t testing.TB, b *Books, want map[string]int64) {
	t.Helper()
	got, err := b.Balances()
	must(t, err)
	for account, amount := range want {
		if got[account] != amount {
			t.Errorf("%s is %d, expected %d", account, got[account], amount)
		}
	}
	must(t, b.Recount())
}

// grow mines blocks that are nobody's.
func grow(c *fakeChain, n int) {
	for range n {
		c.mine([]byte{0x51})
	}
}

// TestALifeOfABlock: provisional, payable, in transit, paid; then its block is reversed, deep
// as it is, and comes back.
func TestALifeOfABlock(t *testing.T) {
	t.Parallel()
	c, b := newChain(t), open(t, pathIn(t))
	block := c.mine(program(1))
	must(t, b.update("settle", func(w *writer) error {
		return w.settle(manifestFor(t, block, 100, Part{Owner: "bm1a", Amount: 1000}, Part{Owner: "bm1b", Amount: 500}))
	}))
	grow(c, 98)
	must(t, b.Follow(c))
	balances(t, b, map[string]int64{Immature: reward, Spendable: 0, Provisional("bm1a"): -1000, Payable("bm1a"): 0, Fee: -100, Reserve: -(reward - 1600)})
	grow(c, 1)
	must(t, b.Follow(c))
	balances(t, b, map[string]int64{Immature: 0, Spendable: reward, Provisional("bm1a"): 0, Payable("bm1a"): -1000})

	funds, err := b.Funds()
	must(t, err)
	batch := batchOf(t, 200, 10, funds, []Payment{{"bm1a", 1000}, {"bm1b", 400}})
	must(t, b.Stage(batch))
	if err := b.Stage(batchOf(t, 201, 10, funds, []Payment{{"bm1b", 100}})); err == nil || !strings.Contains(err.Error(), "is staged, expected ready") {
		t.Errorf("a second batch of the same fund: %v", err)
	}
	balances(t, b, map[string]int64{Payable("bm1a"): 0, Transit("bm1a"): -1000, Payable("bm1b"): -100, Transit("bm1b"): -400})
	must(t, b.SetSigned(batch.ID, batch.Unsigned))
	tx, err := batch.Tx()
	must(t, err)
	mined := c.mine([]byte{0x51}, tx)
	must(t, b.Mined(batch.ID, mined.Hash(), mined.Height))
	must(t, b.Paid(batch.ID))
	paid := map[string]int64{Transit("bm1a"): 0, Payable("bm1b"): -100, TxFee: 10, Spendable: reward - 1410}
	balances(t, b, paid)

	off := c.rewind(len(c.main) - int(block.Height))
	grow(c, 1)
	must(t, b.Follow(c))
	balances(t, b, map[string]int64{Transit("bm1a"): -1000, Loss("bm1a"): 1000, Payable("bm1b"): 0, Loss("bm1b"): 400, Spendable: 0, Immature: 0, Fee: 0, Reserve: 0})
	c.rewind(1)
	c.back(off)
	must(t, b.Follow(c))
	balances(t, b, map[string]int64{Transit("bm1a"): -1000, Loss("bm1a"): 0, Payable("bm1b"): -100, Spendable: reward})
	must(t, b.Mined(batch.ID, mined.Hash(), mined.Height))
	must(t, b.Paid(batch.ID))
	balances(t, b, paid)
	if o, ok, err := b.Owner("bm1a"); err != nil || !ok || o.Paid != 1000 || o.Overpaid != 0 {
		t.Errorf("owner %+v %v %v, expected 1000 neu paid", o, ok, err)
	}
}

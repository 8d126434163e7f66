package testnet

import (
	"crypto/sha3"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// wallets is a node under test, its account and how to make blocks for it.
type wallets struct {
	*testing.T
	node *Node
	Account
	v *compute.Verifier
}

func (w wallets) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w wallets) funds() Funds {
	w.Helper()
	f, err := w.Funds(w.Context())
	w.must(err)
	return f
}

// mined makes blocks until the pool is empty, and holds the account, which mines, to
// having their coinbases more: subsidies, and these fees.
func (w wallets) mined(fees uint64) {
	w.Helper()
	before, blocks := w.funds(), uint64(0)
	Wait(w, 3*time.Minute, func() error {
		w.node.Mine(w.v, 1)
		blocks++
		pool, err := w.Pool(w.Context())
		if err == nil && len(pool) > 0 {
			err = fmt.Errorf("%d transactions are left in the pool", len(pool))
		}
		return err
	})
	if got, want := w.funds().Immature-before.Immature, blocks*consensus.BlockSubsidy(1)+fees; got != want {
		w.Errorf("the coinbases of %d blocks paid %d, expected %d", blocks, got, want)
	}
}

// TestWallet premines a chain on our node, and uses its wallet there and on the stock
// node, which is given the same directory: it would take minutes for the premined
// blocks, and checks those that the test adds all the same.
func TestWallet(t *testing.T) {
	v := verifier(t)
	home := t.TempDir()
	ours := Start(t, NodeOptions{Home: home})
	address, err := ours.Client().ensureAccount(t.Context(), "wallet", 0)
	if err != nil {
		t.Fatal(err)
	}
	w := wallets{t, ours, ours.Client().Account(), v}
	t.Run("premine", func(t *testing.T) { w.T = t; testPremine(w, address) })
	test := func(t *testing.T, n *Node) {
		w := wallets{t, n, n.Client().Account(), v}
		t.Run("send", func(t *testing.T) { w.T = t; testSend(w) })
		t.Run("flood", func(t *testing.T) { w.T = t; testFlood(w) })
		t.Run("contract", func(t *testing.T) { w.T = t; testContract(w) })
	}
	t.Run("ours", func(t *testing.T) { test(t, ours) })
	ours.Stop()
	if !computetest.Long() {
		return
	}
	t.Run("stock", func(t *testing.T) { test(t, Start(t, NodeOptions{Home: home, Stock: true})) })
}

func testPremine(w wallets, address string) {
	w.must(w.Premine(w.Context()))
	got, err := w.Address(w.Context())
	w.must(err)
	if got.Address != address {
		w.Errorf("the account's address is %s, expected %s", got.Address, address)
	}
	_, err = w.SpendPremine(w.Context(), got.Program)
	w.must(err)
	w.mined(premineFee)
	if f := w.funds(); f.Spendable != PremineTotal {
		w.Errorf("the account has %+v, expected %d spendable", f, PremineTotal)
	}
	if _, err := w.SpendPremine(w.Context(), got.Program); err == nil || !strings.Contains(err.Error(), "spent") {
		w.Errorf("the premined BTM was spent again: %v", err)
	}
	if err := w.Premine(w.Context()); err == nil {
		w.Error("a chain was premined twice")
	}
}

// testSend sends chains of unconfirmed transactions: there are fewer outputs than
// transactions.
func testSend(w wallets) {
	before := w.funds()
	to, err := w.NewAddress(w.Context())
	w.must(err)
	var sent []string
	fees := uint64(0)
	for i := range uint64(6) {
		id, err := w.Send(w.Context(), to.Address, before.Spendable/3, DefaultFee+i)
		w.must(err)
		sent = append(sent, id)
		fees += DefaultFee + i
	}
	slices.Sort(sent)
	if pool, err := w.Pool(w.Context()); err != nil || !slices.Equal(pool, sent) {
		w.Errorf("the pool has %v (%v), expected %v", pool, err, sent)
	}
	w.mined(fees)
	if after := w.funds(); after.Spendable != before.Spendable-fees {
		w.Errorf("the account has %d, had %d and paid %d for sending to itself", after.Spendable, before.Spendable, fees)
	}
	if _, err := w.Send(w.Context(), to.Address, 1e17, DefaultFee); err == nil || !strings.Contains(err.Error(), "insufficient") {
		w.Errorf("sent more than there is: %v", err)
	}
}

func testFlood(w wallets) {
	before := w.funds()
	c := FloodConfig{N: 103, FeesLow: MinFloodFee, FeesHigh: 10 * MinFloodFee, ChainDepth: 10, Seed: 1}
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		c.N = 2503 // Chains for more than one splitting transaction of a small depth.
		c.ChainDepth = 2
	}
	out, err := w.Flood(w.Context(), c)
	w.must(err)
	w.Logf("%d splits took %v, %d transactions %v", len(out.Splits), out.SplitTook, c.N, out.Took)
	pool, err := w.Pool(w.Context())
	w.must(err)
	missing, fees := 0, uint64(0)
	least, most := c.FeesHigh, c.FeesLow
	n := 0
	for i, chain := range out.Chains {
		if len(chain) != len(out.Fees[i]) || i+1 < len(out.Chains) && len(chain) != c.ChainDepth {
			w.Errorf("chain %d has %d transactions and %d fees", i, len(chain), len(out.Fees[i]))
		}
		for j, id := range chain {
			if _, found := slices.BinarySearch(pool, id); !found {
				missing++
			}
			fees += out.Fees[i][j]
			least, most = min(least, out.Fees[i][j]), max(most, out.Fees[i][j])
			n++
		}
	}
	if missing > 0 || n != c.N || len(pool) != c.N+len(out.Splits) {
		w.Errorf("%d of %d transactions are not in the pool of %d", missing, n, len(pool))
	}
	if span := c.FeesHigh - c.FeesLow; least < c.FeesLow || most > c.FeesHigh || most-least < span/2 {
		w.Errorf("fees from %d to %d, expected %d to %d", least, most, c.FeesLow, c.FeesHigh)
	}
	w.mined(fees + out.SplitFees)
	if after := w.funds(); after.Spendable != before.Spendable-fees-out.SplitFees {
		w.Errorf("the account has %d, had %d and paid fees of %d and %d", after.Spendable, before.Spendable, fees, out.SplitFees)
	}
	if _, err := w.Flood(w.Context(), FloodConfig{N: 1, FeesLow: 1, FeesHigh: 2}); err == nil {
		w.Error("a flood of fees below the gas's price was begun")
	}
}

// A contract whose money is for whoever knows what the hash is of.
const revealPreimage = `
contract RevealPreimage(hash: Hash) locks amount of asset {
  clause reveal(string: String) {
    verify sha3(string) == hash
    unlock amount of asset
  }
}`

func testContract(w wallets) {
	const amount = 500
	secret := []byte("open sesame")
	hash := sha3.Sum256(secret)
	program, err := w.Compile(w.Context(), revealPreimage, hash[:])
	w.must(err)
	before := w.funds()
	asset, err := w.Issue(w.Context(), w.Name(), 2*amount, DefaultFee)
	w.must(err)
	lock := func() string {
		id, err := w.Lock(w.Context(), program, asset, amount, DefaultFee)
		w.must(err)
		return id
	}
	to, err := w.Address(w.Context())
	w.must(err)
	_, err = w.Unlock(w.Context(), lock(), to.Address, 2*DefaultFee, secret)
	w.must(err)
	// The fee is paid for nothing then.
	_, err = w.Unlock(w.Context(), lock(), to.Address, DefaultFee, []byte("open barley"))
	if !errors.Is(err, ErrOnlyGas) {
		w.Errorf("a wrong secret: %v, expected %v", err, ErrOnlyGas)
	}
	w.mined(6 * DefaultFee)
	if after := w.funds(); after.Spendable != before.Spendable-6*DefaultFee {
		w.Errorf("the account has %d, had %d", after.Spendable, before.Spendable)
	}
	var balances []struct {
		AssetID string `json:"asset_id"`
		Amount  uint64 `json:"amount"`
	}
	w.must(w.Call(w.Context(), "/list-balances", map[string]any{"account_alias": w.Alias}, &balances))
	for _, b := range balances {
		if b.AssetID == asset && b.Amount != amount {
			w.Errorf("the account has %d of the asset, expected the %d that were unlocked", b.Amount, amount)
		}
	}
}

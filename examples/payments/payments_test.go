package payments

import (
	"crypto/sha3"
	_ "embed"
	"errors"
	"testing"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestAgainstANetwork runs a node for as long as the test, whose account has BTM.
func TestAgainstANetwork(t *testing.T) {
	n := testnet.New(t, testnet.Options{Fund: true})
	t.Run("payments", func(t *testing.T) { testPayments(t, n) })
	t.Run("contract", func(t *testing.T) { testContract(t, n) })
}

// testPayments pays an address, and takes the payment back by a longer branch.
func testPayments(t *testing.T, n *testnet.Network) {
	const amount = 12_50000000
	shop := n.Nodes[0].Client()
	to, err := shop.Account().NewAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when string, confirmations, want uint64) {
		t.Helper()
		got, err := Received(t.Context(), shop.URL, to.Address, confirmations)
		if err != nil || got != want {
			t.Errorf("%s: received %d with %d confirmations (%v), expected %d", when, got, confirmations, err, want)
		}
	}
	mine := func(r testnet.MineRequest) {
		t.Helper()
		if _, err := n.Mine(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := shop.Account().Send(t.Context(), to.Address, amount, testnet.DefaultFee); err != nil {
		t.Fatal(err)
	}
	expect("in the pool", 1, 0)
	mine(testnet.MineRequest{Blocks: 1})
	expect("in the latest block", 1, amount)
	expect("in the latest block", 2, 0)
	mine(testnet.MineRequest{Blocks: 1})
	expect("a block later", 2, amount)
	if _, err := n.Reorg(t.Context(), 0, 2); err != nil {
		t.Fatal(err)
	}
	expect("on a branch without it", 1, 0)
}

//go:embed reveal.equity
var contract string

// testContract locks an asset in a contract, and unlocks it with the right argument
// only.
func testContract(t *testing.T, n *testnet.Network) {
	ctx, account := t.Context(), n.Nodes[0].Client().Account()
	hash := sha3.Sum256([]byte("open sesame"))
	program, err := account.Compile(ctx, contract, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	gold, err := account.Issue(ctx, "gold", 1000, testnet.DefaultFee)
	if err != nil {
		t.Fatal(err)
	}
	home, err := account.Address(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		secret string
		want   error
	}{
		{"open barley", testnet.ErrOnlyGas},
		{"open sesame", nil},
	} {
		output, err := account.Lock(ctx, program, gold, 500, testnet.DefaultFee)
		if err != nil {
			t.Fatal(err)
		}
		_, err = account.Unlock(ctx, output, home.Address, testnet.DefaultFee, []byte(test.secret))
		if !errors.Is(err, test.want) {
			t.Errorf("unlocked with %q: %v, expected %v", test.secret, err, test.want)
		}
	}
}

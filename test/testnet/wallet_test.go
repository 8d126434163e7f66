package testnet_test

import (
	"crypto/sha3"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestTestnetWalletVerbs pays, floods and locks by the command line, on a network
// that has no BTM at first.
func TestTestnetWalletVerbs(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("the verbs of the wallet, whose code TestWallet tests, take 20 s: set %s=1", computetest.LongVariable)
	}
	t.Parallel()
	v := verbs{t, newDir(t)}
	v.do("up -n 2 --seed wallets")
	var funded testnet.Funded
	v.into(&funded, "fund 1")
	half := testnet.PremineTotal / 2
	if funded.Blocks != testnet.PremineHeight+1 || funded.From != nil || funded.Funds.Spendable != half {
		t.Errorf("funded: %+v", funded)
	}
	t.Run("send", verbs{t, v.dir}.testSend)
	t.Run("flood", verbs{t, v.dir}.testFlood)
	t.Run("contract", verbs{t, v.dir}.testContract)
	v.do("down --clean")
}

func (v verbs) testSend(t *testing.T) {
	v.t = t
	var sent struct {
		TxID string `json:"tx_id"`
	}
	v.into(&sent, "send 0 1 12.5 --fee 0.02")
	var pool struct {
		IDs []string `json:"tx_ids"`
	}
	v.into(&pool, "call list-unconfirmed-transactions")
	if !slices.Equal(pool.IDs, []string{sent.TxID}) {
		t.Errorf("sent %s, and the pool has %v", sent.TxID, pool.IDs)
	}
	v.do("mine")
	v.do("assert tip-equal --wait 30s")
	var before []testnet.Funds
	v.into(&before, "balance")
	if want := testnet.PremineTotal/2 - 12_52000000; before[0].Spendable != want {
		t.Errorf("node 0 has %+v, expected %d spendable", before[0], want)
	}
	// The other account is the richer one.
	var funded testnet.Funded
	v.into(&funded, "fund 1 3000")
	if funded.From == nil || *funded.From != 0 || funded.Blocks != 1 || funded.Funds.Spendable != 3000e8 {
		t.Errorf("funded: %+v", funded)
	}
	v.refused("insufficient", "send 0 1 1000000000")
	v.refused("expected its index", "send x 1 1")
	v.refused("expected 0 to 1", "send 2 1 1")
	v.refused("expected BTM", "send 0 1 much")
}

func (v verbs) testFlood(t *testing.T) {
	v.t = t
	var out testnet.Flooded
	v.into(&out, "flood 30 --fees 0.005..0.05 --chain-depth 3 --random 7")
	if len(out.Chains) != 10 || len(out.Splits) != 1 {
		t.Errorf("%d chains from %d splits", len(out.Chains), len(out.Splits))
	}
	v.do("assert pool 31 --node 0")
	v.do("assert pool 31 --node 1 --wait 30s")
	v.do("mine")
	v.do("assert pool 0 --wait 30s")
	v.refused("gas", "flood 1 --fees 0.0001")
	v.refused("LOW..HIGH", "flood 1 --fees a..b")
}

func (v verbs) testContract(t *testing.T) {
	v.t = t
	text := func(line string) string { return strings.TrimSpace(v.do(line)) }
	hash := sha3.Sum256([]byte("sesame"))
	program := text(fmt.Sprintf("compile ../../examples/payments/reveal.equity %x", hash))
	gold := text("issue 0 gold 1000")
	output := text(fmt.Sprintf("lock 0 %s %s 400", program, gold))
	id := text("unlock 0 " + output + " text:sesame")
	v.do("mine")
	v.do("balance") // Waits until the wallets know the block.
	var tx struct {
		ID         string `json:"tx_id"`
		StatusFail bool   `json:"status_fail"`
	}
	v.into(&tx, fmt.Sprintf(`call get-transaction {"tx_id":%q}`, id))
	if tx.ID != id || tx.StatusFail {
		t.Errorf("the block has %+v, expected %s", tx, id)
	}
	output = text(fmt.Sprintf("lock 0 %s %s 400", program, gold))
	if _, err := cli(t, v.dir, "unlock", "0", output, "00ff"); err == nil || !strings.Contains(err.Error(), testnet.ErrOnlyGas.Error()) {
		t.Errorf("a wrong secret: %v, expected %v", err, testnet.ErrOnlyGas)
	}
	v.refused("expected text:TEXT", "unlock 0 "+output+" sesame")
	v.refused("expected text:TEXT", "compile ../../examples/payments/reveal.equity sesame")
}

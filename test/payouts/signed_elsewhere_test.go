package payouts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// newPoolWithoutKey starts a node that splits blocks for an account whose key a stock node has
// alone, and pays when told to. The two never connect.
func newPoolWithoutKey(t *testing.T) (p *pool, holder *testnet.Node) {
	t.Helper()
	holder = testnet.Start(t, testnet.NodeOptions{Stock: true})
	address := harness.MakeAccount(t, holder)
	var keys []struct {
		XPub string `json:"xpub"`
	}
	if err := holder.Call("/list-keys", nil, &keys); err != nil || len(keys) != 1 {
		t.Fatalf("%d keys: %v", len(keys), err)
	}
	p = startPool(t, payout.PPLNS, "--payout.every", "100000", "--mining.address", address)
	if err := p.Call("/create-account", map[string]any{"alias": "a", "root_xpubs": []string{keys[0].XPub}, "quorum": 1}, nil); err != nil {
		t.Fatal(err)
	}
	var known []testnet.Address
	for !slices.ContainsFunc(known, func(a testnet.Address) bool { return a.Address == address }) {
		if len(known) > 3 {
			t.Fatalf("the account's addresses are %+v, expected %s to be among the first", known, address)
		}
		if err := p.Call("/create-account-receiver", map[string]string{"account_alias": "a"}, nil); err != nil {
			t.Fatal(err)
		}
		if err := p.Call("/list-addresses", map[string]string{"account_alias": "a"}, &known); err != nil {
			t.Fatal(err)
		}
	}
	return p, holder
}

// signElsewhere takes what waits for its signature to the stock node that has the key, by the
// stock client, and brings it back, as the help of 'payouts sign' has it.
func (p *pool) signElsewhere(holder *testnet.Node) {
	p.t.Helper()
	id := p.pay(payout.BatchStored).ID
	testnet.Wait(p.t, time.Minute, func() error { // Until the node has found out that it can't.
		if s, err := p.stats(); err != nil || !s.ByHand {
			return fmt.Errorf("it does not say that a payment waits to be signed: %+v, %w", s, err)
		}
		return nil
	})
	var waiting []node.UnsignedPayout
	if err := json.Unmarshal([]byte(p.command("sign")), &waiting); err != nil || len(waiting) != 1 || waiting[0].ID != id {
		p.t.Fatalf("%+v wait to be signed, expected %s: %v", waiting, id, err)
	}
	signed, err := holder.Run(p.t.Context(), testnet.Stock(p.t, testnet.StockClient), "sign-transaction", "-p", "p", string(waiting[0].Template))
	if err != nil {
		p.t.Fatalf("bytomcli: %v: %s", err, signed)
	}
	file := filepath.Join(p.t.TempDir(), "signed.json")
	harness.WriteFile(p.t, file, signed, 0o600)
	if said := p.command("sign", id, file); !strings.Contains(said, id) {
		p.t.Errorf("sign: %s", said)
	}
	if again := strings.TrimSpace(p.command("sign")); again != "[]" {
		p.t.Errorf("it waits on: %s", again)
	}
	p.mineBatch(id)
}

// takeKey gives the node, which is stopped, the key of the one that had it.
func (p *pool) takeKey(holder *testnet.Node) {
	p.t.Helper()
	holder.Stop()
	if err := os.CopyFS(filepath.Join(p.Home, "keystore"), os.DirFS(filepath.Join(holder.Home, "keystore"))); err != nil {
		p.t.Fatal(err)
	}
}

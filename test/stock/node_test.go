package stock_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

func TestStockNodeFollowsOurChain(t *testing.T) {
	r := harness.NewSolver(t)
	ours := testnet.Start(t, testnet.NodeOptions{})
	harness.MakeAccount(t, ours)
	stock := testnet.Start(t, testnet.NodeOptions{Stock: true})
	stock.Connect(ours)
	// One by one, announced as they are found: the stock node takes a second each.
	for h := range uint64(4) {
		r.Mine(ours, 1)
		stock.WaitHeight(h+1, r.Limit(1))
	}
	if h := testnet.WaitSameTip(ours, stock, time.Minute); h != 4 {
		t.Errorf("both are at height %d, expected 4", h)
	}
}

func TestWeFollowAStockNode(t *testing.T) {
	r := harness.NewSolver(t)
	stock := testnet.Start(t, testnet.NodeOptions{Stock: true})
	harness.MakeAccount(t, stock)
	r.Mine(stock, 3)
	ours := testnet.Start(t, testnet.NodeOptions{})
	ours.Connect(stock)
	ours.WaitHeight(3, r.Limit(1)) // Synced from behind.
	r.Mine(stock, 2)               // And announced.
	ours.WaitHeight(5, r.Limit(2))
	testnet.WaitSameTip(ours, stock, time.Minute)
}

func TestStockClientWorks(t *testing.T) {
	ours := testnet.Start(t, testnet.NodeOptions{})
	address := harness.MakeAccount(t, ours)
	path := testnet.Stock(t, testnet.StockClient)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"get-block-count"}, `"block_count": 0`},
		{[]string{"net-info"}, `"network_id": "solonet"`},
		{[]string{"list-accounts"}, `"alias": "a"`},
		{[]string{"is-mining"}, `"is_mining": false`},
		{[]string{"set-mining", "true"}, ``},
		{[]string{"is-mining"}, `"is_mining": true`},
		{[]string{"set-mining", "false"}, ``},
		{[]string{"list-unconfirmed-transactions"}, `"total": 0`},
		{[]string{"create-access-token", "token1"}, `"token"`},
		{[]string{"list-access-tokens"}, `token1`},
	} {
		out, err := ours.Run(t.Context(), path, test.args...)
		if err != nil || !strings.Contains(out, test.want) {
			t.Errorf("bytomcli %v: %v, expected %s in:\n%s", test.args, err, test.want, out)
		}
	}
	if !strings.HasPrefix(address, "sm1q") {
		t.Errorf("mining address %q", address)
	}
	for _, page := range []string{"/dashboard/", "/"} {
		resp, err := http.Get(ours.URL + page)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Request.URL.Path != "/dashboard/" {
			t.Errorf("%s: %s at %s", page, resp.Status, resp.Request.URL.Path)
		}
	}
}

// TestStockDataDirectory opens what a stock node left, config.toml included.
func TestStockDataDirectory(t *testing.T) {
	r := harness.NewSolver(t)
	home := t.TempDir()
	out, err := harness.Execute(t, testnet.Stock(t, testnet.StockNode), "init", "--chain_id", "solonet", "--home", home)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	config, err := os.ReadFile(filepath.Join(home, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	stock := testnet.Start(t, testnet.NodeOptions{Stock: true, Home: home})
	address := harness.MakeAccount(t, stock)
	r.Mine(stock, 2)
	tip, err := stock.BlockHash(2)
	if err != nil {
		t.Fatal(err)
	}
	stock.Stop()

	ours := testnet.Start(t, testnet.NodeOptions{Home: home})
	if got, err := ours.BlockHash(2); err != nil || got != tip {
		t.Errorf("block 2 is %s, was %s (%v)", got, tip, err)
	}
	var out2 struct {
		MiningAddress string `json:"mining_address"`
	}
	if err := ours.Call("/get-mining-address", nil, &out2); err != nil || out2.MiningAddress != address {
		t.Errorf("mining address %s, was %s (%v)", out2.MiningAddress, address, err)
	}
	r.Mine(ours, 1)
	ours.Stop()
	back := testnet.Start(t, testnet.NodeOptions{Stock: true, Home: home})
	if h, err := back.Height(); err != nil || h != 3 {
		t.Errorf("back on the stock node the height is %d, expected 3 (%v)", h, err)
	}
	if now, err := os.ReadFile(filepath.Join(home, "config.toml")); err != nil || string(now) != string(config) {
		t.Errorf("config.toml was changed (%v):\n%s", err, now)
	}
}

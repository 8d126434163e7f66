package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

func startMining(t testing.TB) *testnet.Node {
	return testnet.Start(t, testnet.NodeOptions{Args: []string{"--mining"}})
}

func TestMiningAloneFindsBlocks(t *testing.T) {
	r := harness.NewSolver(t)
	n := startMining(t)
	n.WaitHeight(5, r.Limit(5))
	for _, promised := range []string{"A throwaway account was made", "words", "block accepted", "payee=sm1q", "dashboard=http://"} {
		if !strings.Contains(n.Log(), promised) {
			t.Errorf("the log does not say %q", promised)
		}
	}
	var info struct {
		Mining bool `json:"mining"`
	}
	if err := n.Call("/net-info", nil, &info); err != nil || !info.Mining {
		t.Errorf("net-info says mining %v, error %v", info.Mining, err)
	}
	out, err := harness.Execute(t, testnet.Solo(t), "blocks", "--home", n.Home, "--api_addr", strings.TrimPrefix(n.URL, "http://"))
	if err != nil || !strings.Contains(out, "main") || !strings.Contains(out, "412.50000000 BTM") || !strings.Contains(out, "device cpu") {
		t.Errorf("bytom-solo blocks: %v:\n%s", err, out)
	}
	if err := n.Call("/set-mining", map[string]bool{"is_mining": false}, nil); err != nil {
		t.Fatal(err)
	}
	before, err := n.Height()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(40 * r.Hash)
	if after, err := n.Height(); err != nil || after != before {
		t.Errorf("switched off, height went from %d to %d (%v)", before, after, err)
	}
	if took := n.Stop(); took > 5*time.Second {
		t.Errorf("the node took %v to stop", took)
	}
	// Nobody asked for a file that would open the RPC to the LAN at the next start.
	if _, err := os.Stat(filepath.Join(n.Home, "config.toml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the node wrote a config.toml (%v)", err)
	}

	// The account is there at the next start, and nothing new is made up.
	again := testnet.Start(t, testnet.NodeOptions{Home: n.Home, Args: []string{"--mining"}})
	again.WaitHeight(before+2, r.Limit(2))
	if strings.Contains(again.Log(), "throwaway") {
		t.Error("a second throwaway account was made")
	}
}

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

func TestMiningWithoutAPayeeIsRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"no wallet", []string{"--chain_id", "solonet", "--wallet.disable"}, "--mining.address"},
		{"no account", []string{"--chain_id", "mainnet"}, "--mining.address"},
		{"another network's address", []string{"--chain_id", "mainnet", "--mining.address", "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"}, "bm1"},
		{"no address", []string{"--chain_id", "solonet", "--mining.address", "x"}, "mining.address"},
		{"no device", []string{"--chain_id", "solonet", "--mining.devices", "asic"}, "mining.devices"},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"node", "--mining", "--home", t.TempDir(), "--vault_mode", "--mining.allow-unsynced", "--web.closed", "--api_addr", "127.0.0.1:0"}, test.args...)
			out, err := harness.Execute(t, testnet.Solo(t), args...)
			if err == nil || !strings.Contains(out, test.want) {
				t.Errorf("%v: %s, expected an error that says %q", err, out, test.want)
			}
		})
	}
}

// TestGoroutinesDoNotGrow holds a node under blocks and requests to the goroutines
// that it had.
func TestGoroutinesDoNotGrow(t *testing.T) {
	r := harness.NewSolver(t)
	n := testnet.Start(t, testnet.NodeOptions{Profile: true})
	harness.MakeAccount(t, n)
	load := func(blocks int) {
		r.Mine(n, blocks)
		for range 200 {
			for _, route := range []string{"/get-work", "/net-info", "/get-block-count", "/no-such-route"} {
				if _, _, err := n.Post(route, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	load(2)
	before, err := n.Goroutines()
	if err != nil {
		t.Fatal(err)
	}
	load(8)
	testnet.Wait(t, time.Minute, func() error {
		after, err := n.Goroutines()
		if err == nil && after > before+3 {
			err = fmt.Errorf("%d goroutines after 8 more blocks and 800 requests, %d before", after, before)
		}
		return err
	})
}

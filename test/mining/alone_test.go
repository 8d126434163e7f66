package mining_test

import (
	"errors"
	"fmt"
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

func TestMiningWithoutAPayeeIsRefused(t *testing.T) {
	t.Parallel()
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

// TestGoroutinesDoNotGrow holds a node under blocks and requests to the number of
// goroutines that it ran before.
func TestGoroutinesDoNotGrow(t *testing.T) {
	t.Parallel()
	r := harness.NewSimulatedSolver(t)
	n := testnet.Start(t, testnet.NodeOptions{Simulated: true, Profile: true})
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

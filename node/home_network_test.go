package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom/bytom/blockchain/signers"
	cfg "github.com/bytom/bytom/config"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/crypto/ed25519/chainkd"
)

func TestGenesisBlocks(t *testing.T) {
	severalNetworks(t)
	for name, want := range genesis {
		consensus.ActiveNetParams = consensus.NetParams[name]
		if got := cfg.GenesisBlock().Hash(); got != want {
			t.Errorf("%s begins with %s, expected %s", name, got.String(), want.String())
		}
	}
	if len(genesis) != len(consensus.NetParams) {
		t.Errorf("%d networks, expected %d", len(genesis), len(consensus.NetParams))
	}
}

// copyHome is a second home with the same files: the databases of the first stay open until
// the process ends.
func copyHome(t *testing.T, of string) string {
	t.Helper()
	to := home(t)
	if err := os.CopyFS(to, os.DirFS(of)); err != nil {
		t.Fatal(err)
	}
	return to
}

// usedHome is a home of a network in which a node was, with a wallet's address and all files
// of ours.
func usedHome(t *testing.T, network string) string {
	t.Helper()
	config := soloConfig(home(t))
	config.Bytom.ChainID, config.Stratum.Listen = network, "127.0.0.1:0"
	n, closeIt := newWholeNode(t, config)
	defer closeIt()
	key, _, err := n.bytom.hsm.XCreate("k", "p", "en")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.bytom.accounts.Create([]chainkd.XPub{key.XPub}, 1, "a", signers.BIP0044); err != nil {
		t.Fatal(err)
	}
	if _, err := n.bytom.accounts.GetMiningAddress(); err != nil {
		t.Fatal(err)
	}
	return config.Bytom.RootDir
}

// TestAHomeIsOfOneNetwork starts nodes of other networks in a home whose marks are there,
// and taken away in part.
func TestAHomeIsOfOneNetwork(t *testing.T) {
	severalNetworks(t)
	solonet, mainnet := usedHome(t, "solonet"), usedHome(t, "mainnet")
	unmarked := func(home string) {
		remove(t, home, "data/NETWORK", "mining")
	}
	for _, test := range []struct {
		name    string
		of      string
		network string
		file    string // config.toml's chain_id
		change  func(home string)
		want    []string // in the refusal; none is that the node starts
	}{
		{"itself", solonet, "solonet", "", nil, nil},
		{"itself, unmarked", solonet, "solonet", "", unmarked, nil},
		{"itself, unmarked, another config.toml", mainnet, "mainnet", "wisdom", unmarked, nil},
		{"mainnet on a solonet", solonet, "mainnet", "", nil, []string{"data is of solonet", "chain_id is mainnet", "init --home DIR"}},
		{"wisdom on a solonet", solonet, "wisdom", "", nil, []string{"data is of solonet", "chain_id is wisdom"}},
		{"a solonet on mainnet", mainnet, "solonet", "", nil, []string{"data is of mainnet", "chain_id is solonet"}},
		{"mainnet on a solonet, unmarked", solonet, "mainnet", "", unmarked, []string{"wisdom or solonet", "block 0", "chain_id is mainnet"}},
		{"a solonet on mainnet, unmarked", mainnet, "solonet", "", unmarked, []string{"is of mainnet", "block 0"}},
		{"wisdom on a solonet, unmarked", solonet, "wisdom", "", unmarked, []string{"is of solonet", "address sm1"}},
		{"wisdom on a solonet, without a wallet", solonet, "wisdom", "solonet", func(home string) {
			unmarked(home)
			remove(t, home, "data/wallet.db")
		}, []string{"config.toml says solonet", "chain_id is wisdom"}},
		{"mainnet, with a solonet's journal", solonet, "mainnet", "", func(home string) {
			remove(t, home, "data", "mining/rigs.db", "mining/overrides.db")
		}, []string{"journal.db", "solonet", "mainnet", "--home"}},
		{"mainnet, with a solonet's ledger", solonet, "mainnet", "", func(home string) {
			remove(t, home, "data", "mining/journal.db", "mining/overrides.db")
		}, []string{"rigs.db", "solonet", "mainnet", "--home"}},
		{"mainnet, with a solonet's overrides", solonet, "mainnet", "", func(home string) {
			remove(t, home, "data", "mining/journal.db", "mining/rigs.db")
		}, []string{"overrides.db", "solonet", "mainnet", "--home"}},
		{"mainnet, with a solonet's history", solonet, "mainnet", "", func(home string) {
			remove(t, home, "data", "mining/journal.db", "mining/rigs.db", "mining/overrides.db")
		}, []string{"history.db", "solonet", "mainnet", "--home"}},
		{"itself, the chain deleted", solonet, "solonet", "", func(home string) { remove(t, home, "data") }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := soloConfig(copyHome(t, test.of))
			config.Bytom.ChainID, config.fileNetwork = test.network, test.file
			if test.change != nil {
				test.change(config.Bytom.RootDir)
			}
			expectStart(t, config, test.want)
		})
	}
}

// expectStart opens a node, which must be refused with all of refusal, or start if that is
// nil.
func expectStart(t *testing.T, config *Config, refusal []string) {
	t.Helper()
	n, err := openWholeNode(t, config)
	if refusal == nil {
		if err != nil {
			t.Fatal(err)
		}
		if err := n.close(); err != nil {
			t.Error(err)
		}
		if of, err := NetworkOf(config); err != nil || of != config.Bytom.ChainID {
			t.Errorf("then it is of %q, %v", of, err)
		}
		return
	}
	if err == nil {
		t.Fatal("it started")
	}
	for _, want := range refusal {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v: does not say %q", err, want)
		}
	}
}

func remove(t *testing.T, home string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(home, name)); err != nil {
			t.Fatal(err)
		}
	}
}

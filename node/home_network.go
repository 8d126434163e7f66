package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/util/flock"

	cfg "github.com/bytom/bytom/config"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/database"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// A home is of one network: its chain, its wallet's addresses and what was found there mean
// nothing elsewhere. Block 0 distinguishes mainnet from the others. The test network and a solonet
// begin with the same block, so the data directory is marked, and where it is not yet, the
// wallet's addresses and the checkpoints decide.

// genesis is each network's block 0.
var genesis = map[string]bc.Hash{
	"mainnet": hashOf("a75483474799ea1aa6bb910a1a5025b4372bf20bef20f246a2c2dc5e12e8a053"),
	"wisdom":  hashOf(twinGenesis),
	"solonet": hashOf(twinGenesis),
}

// twinGenesis begins both the test network and a solonet.
const twinGenesis = "ce4fe9431cd0225b3a811f8f8ec922f2b07a921bb12a8dddae9a85540072c770"

func hashOf(text string) bc.Hash {
	id, err := ParseBlockID("genesis", text)
	if err != nil {
		panic(err)
	}
	return id
}

// errOtherNetwork is the kind of error that data of another network causes.
var errOtherNetwork = errors.New("the data directory is of another network")

// otherNetwork says whose the data directory is, and what to do.
func otherNetwork(config *cfg.Config, of, why string) error {
	return fmt.Errorf("%w: %s is of %s (%s), and chain_id is %s: start it with the chain_id that it is of, or give another --home, which 'bytom-solo init --home DIR --chain_id %s' makes",
		errOtherNetwork, config.DBDir(), of, why, config.ChainID, config.ChainID)
}

// checkFile refuses a start for another network than config.toml names, where the data
// directory does not say which of the two it is of.
func checkFile(config *Config) error {
	if config.fileNetwork == "" || config.fileNetwork == config.Bytom.ChainID {
		return nil
	}
	of, err := NetworkOf(config)
	if err != nil || !strings.Contains(of, config.fileNetwork) || of == config.fileNetwork {
		return err
	}
	return otherNetwork(config.Bytom, of, "config.toml says "+config.fileNetwork)
}

// claim has a file of ours marked as this network's. It refuses the start where the file is
// another's: claim says so.
func (n *station) claim(claim func(network string) error) error {
	err := claim(n.config.Bytom.ChainID)
	switch {
	case errors.Is(err, boltcheck.ErrOtherNetwork):
		return fmt.Errorf("%w, which is chain_id: start with the chain_id that the home is of, or give another --home", err)
	case err != nil:
		n.log.Warn("a file is not marked as this network's", "error", err)
	}
	return nil
}

// networkMark is the file of a data directory that names its network.
func networkMark(config *cfg.Config) string { return filepath.Join(config.DBDir(), "NETWORK") }

// readNetworkMark is empty for a directory of before there were marks.
func readNetworkMark(config *cfg.Config) (string, error) {
	raw, err := os.ReadFile(networkMark(config))
	if errors.Is(err, fs.ErrNotExist) || err == nil && config.DBBackend == "memdb" {
		return "", nil // What is in memory is nobody's at the start.
	}
	path := networkMark(config)
	if err != nil {
		return "", fmt.Errorf("which network is the data directory of? %w: move %s away, and the next start marks it anew", err, path)
	}
	of := strings.TrimSpace(string(raw))
	if _, ok := consensus.NetParams[of]; !ok && of != "" {
		return "", fmt.Errorf("which network is the data directory of? %s says %q, expected mainnet, wisdom or solonet: it is damaged: write the right one into it, 'echo %s > %s'",
			path, of, config.ChainID, path)
	}
	return of, nil
}

// writeNetworkMark marks the data directory, if that is not marked yet.
func writeNetworkMark(config *cfg.Config) error {
	if config.DBBackend == "memdb" {
		return nil
	}
	marked, err := readNetworkMark(config)
	if err == nil && marked == "" {
		err = os.WriteFile(networkMark(config), []byte(config.ChainID+"\n"), 0o600)
	}
	if err != nil {
		return fmt.Errorf("mark the data directory: %w", err)
	}
	return nil
}

// checkData refuses a chain's database that is of another network, before it is used.
func checkData(config *cfg.Config, store *database.Store) error {
	marked, err := readNetworkMark(config)
	if err != nil {
		return err
	}
	if marked != "" && marked != config.ChainID {
		return otherNetwork(config, marked, "says "+networkMark(config))
	}
	of, err := noPanic(func() ([]string, error) { return networksOf(store), nil })
	if err != nil {
		return fmt.Errorf("open the chain: %w", err)
	}
	if of != nil && !slices.Contains(of, config.ChainID) {
		return otherNetwork(config, strings.Join(of, " or "), "by its block 0")
	}
	return nil
}

// networksOf are those that a database's block 0 is of; nil if it is empty.
func networksOf(store *database.Store) (of []string) {
	if store.GetStoreStatus() == nil {
		return nil
	}
	for _, name := range []string{"mainnet", "wisdom", "solonet"} {
		if id := genesis[name]; store.BlockExist(&id) {
			of = append(of, name)
		}
	}
	if of == nil {
		of = []string{"a network that this node does not know"}
	}
	return of
}

// checkChain refuses a chain that another network's checkpoint is part of, or that lacks
// one of its own.
func checkChain(config *cfg.Config, chain *protocol.Chain) error {
	for name, params := range consensus.NetParams {
		for _, c := range params.Checkpoints {
			there := chain.GetBlockIndex().NodeByHeight(c.Height)
			if there == nil {
				break
			}
			if own := name == config.ChainID; own != (there.Hash == c.Hash) {
				if own {
					name = "another network"
				}
				return otherNetwork(config, name, fmt.Sprintf("by its block %d", c.Height))
			}
		}
	}
	return nil
}

// checkWallet refuses a wallet whose addresses are of another network.
func (b *bytom) checkWallet() error {
	programs, err := b.accounts.ListControlProgram()
	if err != nil {
		return fmt.Errorf("list the wallet's addresses: %w", err)
	}
	for _, program := range programs {
		prefix, _, _ := strings.Cut(program.Address, "1")
		for name, params := range consensus.NetParams {
			if params.Bech32HRPSegwit == prefix && name != b.config.ChainID {
				return otherNetwork(b.config, name, "by the wallet's address "+program.Address)
			}
		}
	}
	return nil
}

// NetworkOf is the chain_id of the network that a configuration's home has data of, empty
// if it has none; two where that can't be known, for nobody has marked it. Of a home that is in
// use only the mark is read.
func NetworkOf(config *Config) (string, error) {
	b := config.Bytom
	marked, err := readNetworkMark(b)
	if err != nil || marked != "" {
		return marked, err
	}
	if _, err := os.Stat(filepath.Join(b.DBDir(), "core.db")); err != nil {
		return "", nil
	}
	lock, _, err := flock.New(filepath.Join(b.RootDir, "LOCK"))
	if err != nil {
		return "", nil
	}
	defer lock.Release()
	core, err := (&bytom{config: b}).openDB("core")
	if err != nil {
		return "", err
	}
	defer core.Close()
	of, err := noPanic(func() ([]string, error) { return networksOf(database.NewStore(core)), nil })
	return strings.Join(of, " or "), err
}

// HomeNetworks are the chain_id that a home's config.toml names, and that of its data, as
// NetworkOf has it; empty where there is none.
func HomeNetworks(home string) (file, data string, err error) {
	keys, err := readConfigFile(home)
	if err != nil {
		return "", "", err
	}
	config := NewConfig()
	config.Bytom.RootDir = home
	if dir, ok := keys["db_dir"]; ok {
		config.Bytom.DBPath = dir
	}
	data, err = NetworkOf(config)
	return keys["chain_id"], data, err
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/node"
)

// network is what a new config.toml says of a network. The seeds are the stock
// node's.
type network struct {
	chainID string
	p2pPort int
	seeds   []string
}

var networks = map[string]network{
	"mainnet": {"mainnet", 46657, []string{
		"45.79.213.28:46657", "198.74.61.131:46657", "212.111.41.245:46657",
		"47.100.214.154:46657", "47.100.109.199:46657", "47.100.105.165:46657",
	}},
	"testnet": {"wisdom", 46656, []string{"52.83.107.224:46656", "52.83.251.197:46656"}},
	"wisdom":  {"wisdom", 46656, []string{"52.83.107.224:46656", "52.83.251.197:46656"}},
	"solonet": {"solonet", 46658, nil},
}

const configTemplate = `# Configuration of bytom-solo. 'bytom-solo node --help' lists every key; a stock
# node's config.toml works as it is.
chain_id = %q
db_backend = "leveldb"
node_alias = ""

# The RPC and the dashboard. On 0.0.0.0:9888 the LAN reaches them too, with an
# access token.
api_addr = "127.0.0.1:9888"

[p2p]
laddr = "tcp://0.0.0.0:%d"
seeds = %q

[mining]
# Mine in this process, as --mining does.
enable = false
# Who is paid for found blocks; empty is the wallet's mining address.
address = ""
`

func newInitCommand(config *node.Config) *cobra.Command {
	chainID := "mainnet"
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make a data directory with a config.toml",
		Long: `Make a data directory, --home, with a config.toml for a network. One that is there
already is left as it is.`,
		Example: "  bytom-solo init --chain_id solonet --home ~/solonet",
		RunE: func(cmd *cobra.Command, _ []string) error {
			net, ok := networks[chainID]
			if !ok {
				return fmt.Errorf("flag --chain_id: value %q: expected mainnet, testnet (or wisdom) or solonet", chainID)
			}
			home := config.Home(os.LookupEnv)
			if err := checkHome(home, net, cmd.Flags().Changed("chain_id")); err != nil {
				return err
			}
			path, err := writeConfig(home, net)
			if errors.Is(err, fs.ErrExist) {
				fmt.Fprintln(cmd.OutOrStdout(), path, "exists already"+named(home)+" and was left as it is")
				return nil
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "wrote", path)
			return nil
		},
	}
	cmd.Flags().StringVar(&chainID, "chain_id", chainID, "network: mainnet, testnet (which config.toml and the node call wisdom) or solonet")
	return cmd
}

// checkHome refuses a home that holds another network. Where none was asked for by name,
// one that has a configuration is told of, and left as it is.
func checkHome(home string, net network, asked bool) error {
	file, data, err := node.HomeNetworks(home)
	switch {
	case err != nil:
		return fmt.Errorf("look into %s: %w", home, err)
	case file != "" && data != "" && !strings.Contains(data, file):
		return fmt.Errorf("%s holds data of %s, and its config.toml says chain_id %q: the node will not start there; write %s into config.toml, or give another --home",
			home, data, file, data)
	case data != "" && !strings.Contains(data, net.chainID) && (asked || file == ""):
		return fmt.Errorf("%s holds data of %s, not of %s: give another --home", home, data, net.chainID)
	case file != "" && file != net.chainID && asked:
		return fmt.Errorf("%s is a home of %s by its config.toml, not of %s: give another --home", home, file, net.chainID)
	}
	return nil
}

// named says which network's configuration a home has.
func named(home string) string {
	if file, _, err := node.HomeNetworks(home); err == nil && file != "" {
		return ", for " + file + ","
	}
	return ""
}

// writeConfig writes config.toml unless there is one already, which is an error of
// kind fs.ErrExist.
func writeConfig(home string, net network) (path string, err error) {
	path = filepath.Join(home, "config.toml")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return path, fmt.Errorf("make the home directory: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return path, fmt.Errorf("write the configuration: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(path)) // A part of it would be left as it is by the next try.
		}
	}()
	_, err = fmt.Fprintf(f, configTemplate, net.chainID, net.p2pPort, strings.Join(net.seeds, ","))
	return path, err
}

package node

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Network is what a new config.toml says of a network. The seeds are the stock
// node's.
type Network struct {
	chainID string
	p2pPort int
	seeds   []string
}

var networks = map[string]Network{
	"mainnet": {"mainnet", 46657, []string{
		"45.79.213.28:46657", "198.74.61.131:46657", "212.111.41.245:46657",
		"47.100.214.154:46657", "47.100.109.199:46657", "47.100.105.165:46657",
	}},
	"testnet": {"wisdom", 46656, []string{"52.83.107.224:46656", "52.83.251.197:46656"}},
	"wisdom":  {"wisdom", 46656, []string{"52.83.107.224:46656", "52.83.251.197:46656"}},
	"solonet": {"solonet", 46658, nil},
}

// NetworkNamed is the network of a chain_id; wisdom is also called testnet.
func NetworkNamed(chainID string) (n Network, ok bool) {
	n, ok = networks[chainID]
	return n, ok
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

// InitHome creates a home directory with a config.toml for the network, and returns the
// file's path. One that is there already is left as it is, which is an error of kind
// fs.ErrExist; asked tells that the user named the network, which a home of another is
// refused for.
func (n Network) InitHome(home string, asked bool) (path string, err error) {
	if err := n.checkHome(home, asked); err != nil {
		return "", err
	}
	return n.writeConfig(home)
}

// checkHome refuses a home that holds another network. Where none was asked for by name,
// one that has a configuration is told of, and left as it is.
func (n Network) checkHome(home string, asked bool) error {
	file, data, err := HomeNetworks(home)
	switch {
	case err != nil:
		return fmt.Errorf("look into %s: %w", home, err)
	case file != "" && data != "" && !strings.Contains(data, file):
		return fmt.Errorf("%s holds data of %s, and its config.toml says chain_id %q: the node will not start there; write %s into config.toml, or give another --home",
			home, data, file, data)
	case data != "" && !strings.Contains(data, n.chainID) && (asked || file == ""):
		return fmt.Errorf("%s holds data of %s, not of %s: give another --home", home, data, n.chainID)
	case file != "" && file != n.chainID && asked:
		return fmt.Errorf("%s is a home of %s by its config.toml, not of %s: give another --home", home, file, n.chainID)
	}
	return nil
}

// writeConfig writes config.toml unless there is one already, which is an error of
// kind fs.ErrExist.
func (n Network) writeConfig(home string) (path string, err error) {
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
	_, err = fmt.Fprintf(f, configTemplate, n.chainID, n.p2pPort, strings.Join(n.seeds, ","))
	return path, err
}

package node

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/spf13/pflag"
)

// RPCConfig is the part of the RPC that the stock node does not have.
type RPCConfig struct {
	// Hosts are the names, beside loopback and the machine's addresses, that the node may
	// be called by, and the origins whose web pages may call it, separated by commas.
	Hosts string
}

func (c *Config) registerRPC(fs *pflag.FlagSet) {
	fs.StringVar(&c.RPC.Hosts, "rpc.hosts", c.RPC.Hosts, "names that the node may be called by beside localhost and this machine's addresses, such as miner.lan, and origins whose web pages may call it, such as https://node.example, separated by commas")
}

// check refuses values that would fail later.
func (c *RPCConfig) check(bad func(key string, value any, expected string)) {
	if _, _, err := parseHosts(c.Hosts); err != nil {
		bad("rpc.hosts", c.Hosts, err.Error())
	}
}

// aName is a name as DNS and /etc/hosts have them.
var aName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$`)

// parseHosts reads a list of names and of origins. The name of an origin is in both
// results. The error is what was expected.
func parseHosts(list string) (names, origins []string, err error) {
	for _, text := range strings.Split(list, ",") {
		text = strings.ToLower(strings.TrimSpace(text))
		if text == "" {
			continue
		}
		name := text
		if strings.Contains(text, "://") {
			u, err := url.Parse(text)
			if err != nil || u.Hostname() == "" || text != u.Scheme+"://"+u.Host {
				return nil, nil, fmt.Errorf("an origin such as https://node.example or http://miner.lan:8080, not %q", text)
			}
			name, origins = u.Hostname(), append(origins, text)
		}
		name = strings.TrimSuffix(name, ".")
		if address, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
			name = hostName(address.String())
		} else if !aName.MatchString(name) {
			return nil, nil, fmt.Errorf("names without a port, such as miner.lan, or origins such as https://node.example, not %q", text)
		}
		names = append(names, name)
	}
	return names, origins, nil
}

package node

import (
	"strings"
	"testing"
)

// embedded has an engine in the node's process.
func embedded(listen, token string) func(*Config) {
	return func(c *Config) {
		c.Fleet.Engine.URL, c.Fleet.Engine.Listen, c.Fleet.Engine.Token = embeddedEngine, listen, token
	}
}

// TestWhatOthersCanDoIsTold starts with listeners here and elsewhere.
func TestWhatOthersCanDoIsTold(t *testing.T) {
	for _, test := range []struct {
		name, api, prof string
		edit            func(*Config)
		warnings, notes []string // words of each
		not             string   // in none
	}{
		{"loopback", "127.0.0.1:9888", "", func(c *Config) { c.Bytom.Auth.Disable = true }, nil, nil, ""},
		{"IPv6 loopback", "[::1]:9888", "localhost:6060", func(c *Config) { c.Bytom.Auth.Disable = true }, nil, nil, ""},
		{"everywhere", "0.0.0.0:9888", "", func(c *Config) { c.Bytom.Auth.Disable = true }, []string{"0.0.0.0:9888,wallet,found blocks pay,mining"}, nil, ""},
		{"no host", ":9888", "", func(c *Config) { c.Bytom.Auth.Disable = true }, []string{"wallet"}, nil, ""},
		{"LAN, no wallet", "192.168.1.5:9888", "", func(c *Config) { c.Bytom.Auth.Disable, c.Bytom.Wallet.Disable = true, true }, []string{"found blocks pay"}, nil, "wallet"},
		{"LAN, address given", "192.168.1.5:9888", "", func(c *Config) { c.Bytom.Auth.Disable, c.Mining.Address = true, "x" }, []string{"wallet"}, nil, "found blocks pay"},
		{"LAN, given and allowed", "192.168.1.5:9888", "", func(c *Config) {
			c.Bytom.Auth.Disable, c.Mining.Address, c.Mining.AddressOverRPC = true, "x", true
		}, []string{"found blocks pay"}, nil, ""},
		{"LAN with tokens", "192.168.1.5:9888", "", func(*Config) {}, nil, []string{"in the clear"}, ""},
		{"an engine's port", "127.0.0.1:9888", "", embedded("0.0.0.0:4222", ""), []string{"0.0.0.0:4222,read,replay,--engine.token"}, nil, "s3cret"},
		{"an engine's port, with a token", "127.0.0.1:9888", "", embedded("0.0.0.0:4222", "s3cret"), nil, nil, ""},
		{"an engine's port here", "127.0.0.1:9888", "", embedded("127.0.0.1:4222", ""), nil, nil, ""},
		{"an engine elsewhere", "127.0.0.1:9888", "", func(c *Config) { c.Fleet.Engine.URL = "nats://10.0.0.1:4222" }, nil, nil, ""},
		{"profiles", "127.0.0.1:9888", ":6060", func(*Config) {}, []string{"prof_laddr"}, nil, ""},
	} {
		c := NewConfig()
		c.Bytom.ApiAddress, c.Bytom.ProfListenAddress = test.api, test.prof
		test.edit(c)
		warnings, notes := c.exposure()
		for kind, list := range map[string][2][]string{"warnings": {warnings, test.warnings}, "notes": {notes, test.notes}} {
			if len(list[0]) != len(list[1]) {
				t.Errorf("%s: %s %q, expected %q", test.name, kind, list[0], list[1])
				continue
			}
			for i, words := range list[1] {
				for _, word := range strings.Split(words, ",") {
					if !strings.Contains(list[0][i], word) {
						t.Errorf("%s: %q, expected %q", test.name, list[0][i], word)
					}
				}
				if test.not != "" && strings.Contains(list[0][i], test.not) {
					t.Errorf("%s: %q, expected nothing of %q", test.name, list[0][i], test.not)
				}
			}
		}
	}
}

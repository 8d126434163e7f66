package node

import (
	"net"
	"strings"
	"testing"
)

// TestPortsAreTriedTogether: one that another program has, and one that two keys have, are told
// before the start, each by its key.
func TestPortsAreTriedTogether(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(at)
	for _, c := range []struct {
		name  string
		check func() error
		words string // all of them; empty is that nothing is wrong
	}{
		{"a front's, the same", func() error { return frontAt(at, at).checkFrontPorts() }, `key stratum.listen: value "` + at + `": expected another port than that of api_addr, ` + at},
		{"a front's, on all addresses", func() error { return frontAt(at, "0.0.0.0:"+port).checkFrontPorts() }, "key stratum.listen|another port than that of api_addr"},
		{"a front's, another program's", func() error { return frontAt(at, taken.Addr().String()).checkFrontPorts() }, "key stratum.listen: listen tcp " + taken.Addr().String()},
		{"a front's, any", func() error { return frontAt("127.0.0.1:0", "127.0.0.1:0").checkFrontPorts() }, ""},
		{"a front's", func() error { return frontAt(at, "127.0.0.1:0").checkFrontPorts() }, ""},
		{"an engine's", func() error {
			c := frontAt(at, "")
			c.Bytom.VaultMode, c.Fleet.Engine = true, EngineConfig{URL: embeddedEngine, Listen: at}
			return c.checkPorts()
		}, "key engine.listen|another port than that of api_addr"},
		{"an engine's, elsewhere", func() error {
			c := frontAt(at, "")
			c.Bytom.VaultMode, c.Fleet.Engine = true, EngineConfig{URL: "nats://" + at, Listen: at}
			return c.checkPorts()
		}, ""},
		{"peers'", func() error {
			c := frontAt(at, "")
			c.Bytom.P2P.ListenAddress = "tcp://" + at
			return c.checkPorts()
		}, `key p2p.laddr: value "tcp://` + at + `"|api_addr`},
	} {
		err := c.check()
		if c.words == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		refusedFor(t, c.name, err, c.words)
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one thing is wrong: %v", c.name, err)
		}
	}
}

func frontAt(page, rigs string) *Config {
	c := NewConfig()
	c.Bytom.ApiAddress, c.Stratum.Listen = page, rigs
	return c
}

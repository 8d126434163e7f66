package node

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// checkFrontPorts is checkPorts of a front.
func (c *Config) checkFrontPorts() error {
	return checkPorts([][2]string{{"api_addr", c.Bytom.ApiAddress}, {"stratum.listen", c.Stratum.Listen}})
}

// checkPorts says which port of the configuration is not to be had. It is asked before what
// takes long, and lets go of what it gets: nobody is to be kept waiting by a port that is
// not served yet.
func (c *Config) checkPorts() error {
	ports := [][2]string{{"api_addr", c.Bytom.ApiAddress}, {"stratum.listen", c.Stratum.Listen}, {"prof_laddr", c.Bytom.ProfListenAddress}}
	if c.Fleet.Engine.URL == embeddedEngine {
		ports = append(ports, [2]string{"engine.listen", c.Fleet.Engine.Listen})
	}
	if !c.Bytom.VaultMode {
		ports = append(ports, [2]string{"p2p.laddr", c.Bytom.P2P.ListenAddress})
	}
	return checkPorts(ports)
}

// checkPorts holds all of them at a time, as the program will: two keys may have one port.
func checkPorts(ports [][2]string) error {
	var wrong []error
	held := make(map[string][2]string) // by the port
	for _, p := range ports {
		key, address := p[0], p[1]
		if address == "" {
			continue
		}
		if _, after, ok := strings.Cut(address, "://"); ok { // As Bytom has its own.
			address = after
		}
		l, err := net.Listen("tcp", address)
		if err == nil {
			defer func() { _ = l.Close() }()
			_, port, _ := net.SplitHostPort(l.Addr().String())
			held[port] = p
			continue
		}
		_, port, _ := net.SplitHostPort(address)
		if other, ours := held[port]; ours {
			err = fmt.Errorf("value %q: expected another port than that of %s, %s", p[1], other[0], other[1])
		}
		wrong = append(wrong, fmt.Errorf("key %s: %w", key, err))
	}
	return errors.Join(wrong...)
}

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
	if !c.Bytom.VaultMode {
		ports = append(ports, [2]string{"p2p.laddr", c.Bytom.P2P.ListenAddress})
	}
	return checkPorts(ports)
}

func checkPorts(ports [][2]string) error {
	var wrong []error
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
			err = l.Close()
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("key %s: %w", key, err))
		}
	}
	return errors.Join(wrong...)
}

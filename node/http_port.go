package node

import (
	"fmt"
	"net"
)

// listenHTTP opens the port of the RPC, or of a front's page and figures, by the name that what watches
// its loop tells, and lets commands on this machine in, which forget ends.
func (s *station) listenHTTP(name string) (l net.Listener, forget func() error, err error) {
	if l, err = net.Listen("tcp", s.config.Bytom.ApiAddress); err != nil {
		return nil, nil, fmt.Errorf("key api_addr: %w", err)
	}
	path := s.config.CookiePath()
	if err := writeCookie(path, s.cookie); err != nil {
		s.log.Warn("commands on this machine are let in on loopback alone, and by a node with an access token", "error", err)
	}
	return s.service.accepts(name, s.files.limited(l, s.server)), func() error { return removeCookie(path) }, nil
}

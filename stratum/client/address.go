package client

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	errHost = errors.New("expected a host that is a name or an address")
	errPort = errors.New("expected a port from 1 to 65535")
)

// Address is host:port, as Config has it. A host and a port that come out of a URL may be none: package net/url
// takes any brackets, for schemes that it does not know any colons, too, and any number for a port.
func Address(host, port string) (string, error) {
	address, err := netip.ParseAddr(host)
	switch {
	case host == "", strings.Contains(host, ":") && err != nil,
		strings.ContainsAny(host, "[]"), strings.ContainsFunc(host, noPart), strings.ContainsFunc(address.Zone(), noZone):
		return "", errHost
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", errPort
	}
	return net.JoinHostPort(host, port), nil
}

// noPart reports whether a host has no such character. Of bytes that are no text the rune is utf8.RuneError.
func noPart(r rune) bool { return r == utf8.RuneError || r == ' ' || !unicode.IsPrint(r) }

// noZone reports whether no interface's name has such a character. Package netip takes any, and net/url most, but not as it
// writes them itself.
func noZone(r rune) bool {
	return !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("-._~:+", r))
}

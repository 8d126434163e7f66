// Package natsserver runs a NATS server in this process, for a LAN with a few fronts. It is part
// of programs that are built with the tag "engine" alone: it makes them 10 MB larger.
package natsserver

import (
	"log/slog"
	"net"
)

// Config is what a server needs.
type Config struct {
	// Listen is host:port; port 0 takes one that is free.
	Listen string
	// Token, if not empty, is what clients must have in their URL, nats://TOKEN@host:port.
	Token string
	// Cert and Key are PEM files; with them the port speaks TLS alone.
	Cert, Key string
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Server is one that runs.
type Server struct {
	// URL is where it listens, without the token.
	URL string
	// Dial connects this process to it, without a port and without TLS. The token is asked for.
	Dial func() (net.Conn, error)
	// Stop ends it.
	Stop func()
}

//go:build engine

package natsserver

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/bytom-solo/bytom-solo/fleet"
)

// Built tells whether this program can run a server.
const Built = true

const (
	// mostClients is how many may be connected: a front is one.
	mostClients = 4096
	// startWithin is how long the start may take once the port is there.
	startWithin = 5 * time.Second
)

// Run starts a server. It keeps nothing on a disk, and has no port but the one.
func Run(c Config) (Server, error) {
	options, err := c.options()
	if err != nil {
		return Server{}, err
	}
	s, err := server.NewServer(options)
	if err != nil {
		return Server{}, err
	}
	log := newLogger(c.Log)
	s.SetLogger(log, false, false)
	s.Start() // It returns when it listens, or has said why not.
	var why string
	select {
	case why = <-log.fatal:
	default:
		if s.ReadyForConnections(startWithin) {
			return Server{URL: s.ClientURL(), Dial: s.InProcessConn, Stop: func() { s.Shutdown(); s.WaitForShutdown() }}, nil
		}
		why = fmt.Sprintf("it did not start within %v", startWithin)
	}
	s.Shutdown()
	return Server{}, fmt.Errorf("engine on %s: %s", c.Listen, why)
}

func (c Config) options() (*server.Options, error) {
	host, portText, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("value %q: expected host:port", c.Listen)
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("value %q: expected host:port", c.Listen)
	}
	options := &server.Options{
		Host: host, Port: int(port), NoSigs: true, NoSystemAccount: true, Authorization: c.Token,
		MaxPayload: fleet.MostMessage, MaxConn: mostClients,
		// A subscriber that does not read is dropped, and comes back for what is new.
		WriteDeadline: 10 * time.Second, MaxPending: 4 * fleet.MostMessage,
	}
	if port == 0 {
		options.Port = server.RANDOM_PORT
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s with key %s: %w", c.Cert, c.Key, err)
		}
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
		options.TLS, options.TLSTimeout = true, 5
	}
	return options, nil
}

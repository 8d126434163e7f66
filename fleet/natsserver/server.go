//go:build engine

package natsserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Built tells whether this program can run a server.
const Built = true

// Run starts a server and returns the URL by which this process reaches it, and what ends it. It
// keeps nothing on a disk, and has no port but the one.
func Run(c Config) (url string, stop func(), err error) {
	host, portText, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return "", nil, fmt.Errorf("value %q: expected host:port", c.Listen)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return "", nil, fmt.Errorf("value %q: expected host:port", c.Listen)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	options := &server.Options{
		Host: host, Port: port, NoSigs: true, Authorization: c.Token, MaxPayload: mostPayload, NoSystemAccount: true,
		// A subscriber that does not read is dropped, and comes back for what is new.
		WriteDeadline: 5 * time.Second, MaxPending: 4 * mostPayload,
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return "", nil, err
		}
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
		options.TLS, options.TLSTimeout = true, 5
	}
	s, err := server.NewServer(options)
	if err != nil {
		return "", nil, err
	}
	if c.Log != nil {
		s.SetLogger(logger{c.Log}, false, false)
	}
	s.Start()
	if !s.ReadyForConnections(5 * time.Second) {
		s.Shutdown()
		return "", nil, errors.New("listen on " + c.Listen + ": the engine did not start within 5 s: is the port in use?")
	}
	return s.ClientURL(), func() { s.Shutdown(); s.WaitForShutdown() }, nil
}

// logger is the server's, whose notices are details here.
type logger struct{ log *slog.Logger }

func (l logger) Noticef(format string, v ...any) { l.log.Debug("engine: " + fmt.Sprintf(format, v...)) }
func (l logger) Debugf(format string, v ...any)  {}
func (l logger) Tracef(format string, v ...any)  {}
func (l logger) Warnf(format string, v ...any)   { l.log.Warn("engine: " + fmt.Sprintf(format, v...)) }

// Errorf logs what clients do wrong, for the most part.
func (l logger) Errorf(format string, v ...any) { l.log.Warn("engine: " + fmt.Sprintf(format, v...)) }

// Fatalf logs why the server does not start.
func (l logger) Fatalf(format string, v ...any) { l.log.Warn("engine: " + fmt.Sprintf(format, v...)) }

// Package natsengine is a fleet.Engine over NATS: subjects of NATS alone, of which it keeps
// nothing. What has to come is sent again by who needs it to, so JetStream has no part in it.
package natsengine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/redact"
)

// Config says which engine, and as whom.
type Config struct {
	// URL is nats://host:port or tls://host:port, with a token or user:password before an @;
	// several, separated by commas, are those of a cluster.
	URL string
	// Name is what the engine knows this connection by.
	Name string
	// CA is a PEM file of who signed the engine's certificate; empty takes the system's.
	CA string
	// Cert and Key are PEM files of this side's certificate, where the engine asks for one.
	Cert, Key string
	// Creds is a file of credentials as 'nsc generate creds' writes it.
	Creds string
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

const (
	// retryEvery is the time between two attempts to reach an engine that is away.
	retryEvery = time.Second
	// pingEvery is how often a silent connection is tried, and mostPings how many answers may
	// be missing: a machine that is gone is noticed within 6 s.
	pingEvery, mostPings = 2 * time.Second, 2
)

// Check says what is wrong with a configuration, without a connection.
func (c Config) Check() error {
	for text := range strings.SplitSeq(c.URL, ",") {
		u, err := url.Parse(strings.TrimSpace(text))
		if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Host == "" {
			return fmt.Errorf("value %q: expected nats://host:port or tls://host:port", redact.URL(text))
		}
	}
	if (c.Cert == "") != (c.Key == "") {
		return fmt.Errorf("a certificate %q and a key %q: expected both or neither", c.Cert, c.Key)
	}
	for _, file := range []string{c.CA, c.Cert, c.Key, c.Creds} {
		if file == "" {
			continue
		}
		if _, err := os.ReadFile(file); err != nil {
			return err
		}
	}
	return nil
}

// engine is a connection, which comes back by itself.
type engine struct {
	conn *nats.Conn
	log  *slog.Logger
	why  atomic.Pointer[string] // why it is away
}

// Dial returns an Engine, whether or not the server can be reached now: it tries again for ever.
// The error is about the configuration.
func Dial(c Config) (fleet.Engine, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	e := &engine{log: c.Log}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.away(errors.New("not reached yet"))
	options, err := c.options(e)
	if err != nil {
		return nil, err
	}
	// Without its own retries the first attempt would be the only one.
	if e.conn, err = nats.Connect(c.URL, options...); err != nil {
		return nil, fmt.Errorf("engine %s: %w", redact.URL(c.URL), err)
	}
	return e, nil
}

func (c Config) options(e *engine) ([]nats.Option, error) {
	where := redact.URL(c.URL)
	options := []nats.Option{
		nats.Name(c.Name), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(retryEvery),
		nats.ReconnectJitter(retryEvery/4, retryEvery/4), nats.ReconnectBufSize(-1), // What is old by then must not come.
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(mostPings), nats.Timeout(5 * time.Second),
		// Wrong credentials may be mended at the other end: it goes on trying.
		nats.IgnoreAuthErrorAbort(),
		nats.ConnectHandler(func(*nats.Conn) { e.reached(where) }),
		nats.ReconnectHandler(func(*nats.Conn) { e.reached(where) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) { e.lost(where, err) }),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) { e.lost(where, err) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrSlowConsumer) {
				e.log.Warn("messages of the engine are dropped: this machine is too slow for them", "engine", where)
				return
			}
			e.log.Warn("the engine reports an error", "engine", where, "error", err)
		}),
	}
	if c.Creds != "" {
		options = append(options, nats.UserCredentials(c.Creds))
	}
	encrypted, err := c.tls()
	if err != nil || encrypted == nil {
		return options, err
	}
	return append(options, nats.Secure(encrypted)), nil
}

// tls is nil where nothing is said of it: the URL decides then.
func (c Config) tls() (*tls.Config, error) {
	if c.CA == "" && c.Cert == "" {
		return nil, nil
	}
	encrypted := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, err
		}
		encrypted.RootCAs = x509.NewCertPool()
		if !encrypted.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: expected certificates in PEM", c.CA)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, err
		}
		encrypted.Certificates = []tls.Certificate{pair}
	}
	return encrypted, nil
}

func (e *engine) away(err error) {
	text := err.Error()
	e.why.Store(&text)
}

func (e *engine) reached(where string) {
	if e.why.Swap(nil) != nil {
		e.log.Info("engine reached", "engine", where)
	}
}

// lost logs each reason once.
func (e *engine) lost(where string, err error) {
	if err == nil {
		err = errors.New("the connection was closed")
	}
	old := e.why.Load()
	e.away(err)
	if old == nil || *old != err.Error() {
		e.log.Warn("the engine can't be reached, and is tried again", "engine", where, "error", err)
	}
}

// Publish implements fleet.Engine.
func (e *engine) Publish(subject string, data []byte) error {
	if err := e.conn.Publish(subject, data); err != nil {
		return fmt.Errorf("%w: %w", fleet.ErrAway, err)
	}
	return nil
}

// Subscribe implements fleet.Engine.
func (e *engine) Subscribe(subject string, got func([]byte)) (cancel func(), err error) {
	sub, err := e.conn.Subscribe(subject, func(m *nats.Msg) { got(m.Data) })
	if err != nil {
		return nil, err
	}
	return func() { _ = sub.Unsubscribe() }, nil // It fails where the connection is closed.
}

// State implements fleet.Engine.
func (e *engine) State() (connected bool, detail string) {
	if why := e.why.Load(); why != nil {
		return false, *why
	}
	return e.conn.IsConnected(), ""
}

// Close implements fleet.Engine.
func (e *engine) Close() error {
	e.conn.Close()
	return nil
}

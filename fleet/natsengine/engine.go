// Package natsengine is a fleet.Engine over NATS: subjects of NATS alone, of which it keeps
// nothing. What has to come is sent again by who needs it to, so JetStream has no part in it.
package natsengine

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
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
	// InProcess, if not nil, connects to an engine in this process instead of to the URL's host.
	InProcess func() (net.Conn, error)
	// Creds is a file of credentials as 'nsc generate creds' writes it.
	Creds string
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

const (
	// retryEvery is the time between two attempts to reach an engine that is away; the first comes
	// sooner, within firstRetry.
	retryEvery, firstRetry = time.Second, 50 * time.Millisecond
	// pingEvery is how often a silent connection is tried, and mostPings how many answers may be
	// missing: a machine that is gone is noticed within 15 s. Answers wait behind the messages on
	// their way, so that less would cut off fronts on slow lines.
	pingEvery, mostPings = 5 * time.Second, 2
	// dialFor is how long one attempt may take.
	dialFor = 5 * time.Second
	// writeFor is how long the engine's machine may take nothing in before it counts as gone. So
	// long, at the worst, is Publish held up.
	writeFor = 10 * time.Second
	// flushFor is how long Close waits for the engine to have all.
	flushFor = time.Second
	// mostWaiting and mostWaitingBytes are what may wait for a subscriber.
	mostWaiting, mostWaitingBytes = 4096, 8 * fleet.MostMessage
)

// engine is a connection, which comes back by itself.
type engine struct {
	conn *nats.Conn
	log  *slog.Logger
	// dialed is closed when conn is set.
	dialed chan struct{}
	why    atomic.Pointer[string] // why it is away; nil while it is reached
	closed atomic.Bool            // by this side: what comes of that is nobody's news
}

// Dial returns an Engine at once, whether or not the server can be reached: it is tried for ever,
// also where it refuses this side, which may be mended there. The error is about the configuration.
func Dial(c Config) (fleet.Engine, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	e := &engine{log: c.Log, dialed: make(chan struct{})}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.away(errors.New("not reached yet"))
	options, err := c.options(e)
	if err != nil {
		return nil, err
	}
	if e.conn, err = nats.Connect(c.URL, options...); err != nil {
		return nil, fmt.Errorf("engine %s: %w", redact.URL(c.URL), err)
	}
	close(e.dialed)
	return e, nil
}

func (c Config) options(e *engine) ([]nats.Option, error) {
	where := redact.URL(c.URL)
	options := []nats.Option{
		nats.Name(c.Name), nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.CustomReconnectDelay(func(rounds int) time.Duration { return e.retryIn(where, rounds) }),
		nats.SetCustomDialer(dialer{e.dialed, c.InProcess}), nats.SkipHostLookup(), nats.ReconnectBufSize(-1), // What is old by then must not come.
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(mostPings), nats.Timeout(dialFor), nats.FlusherTimeout(writeFor),
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

// errNotTried is why the first attempt fails.
var errNotTried = errors.New("not tried yet")

// dialer refuses all attempts until dialed is closed: nats.Connect waits for the first ones. The
// others are made behind its back.
type dialer struct {
	dialed    <-chan struct{}
	inProcess func() (net.Conn, error) // nil dials
}

// Dial implements nats.CustomDialer.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	select {
	case <-d.dialed:
	default:
		return nil, errNotTried
	}
	if d.inProcess != nil {
		return d.inProcess()
	}
	conn, err := (&net.Dialer{Timeout: dialFor}).Dial(network, address)
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Else the kernel would go on for minutes to send what a connection that was given up has left.
		_ = tcp.SetLinger(0)
	}
	return conn, err
}

// retryIn is how long the engine is left alone after so many rounds of attempts. Why the server
// refused this side, or this side the server's certificate, no handler is told.
func (e *engine) retryIn(where string, rounds int) time.Duration {
	<-e.dialed
	if err := e.conn.LastError(); err != nil {
		e.lost(where, err)
	}
	if rounds <= 1 {
		return rand.N(firstRetry)
	}
	return retryEvery + rand.N(retryEvery/4)
}

func (e *engine) away(err error) {
	text := redact.Reason(err)
	e.why.Store(&text)
}

func (e *engine) reached(where string) {
	if e.why.Swap(nil) != nil {
		e.log.Info("engine reached", "engine", where)
	}
}

// lost logs each reason once.
func (e *engine) lost(where string, err error) {
	switch {
	case errors.Is(err, errNotTried), e.closed.Load():
		return
	case err == nil:
		err = errors.New("the connection was closed")
	}
	old := e.why.Load()
	e.away(err)
	if old == nil || *old != redact.Reason(err) {
		e.log.Warn("the engine can't be reached, and is tried again", "engine", where, "error", err)
	}
}

// Publish implements fleet.Engine. While the engine is away the connection is not asked: it may
// be held by an attempt to reach it (findings/nats-go-deadlines.sh).
func (e *engine) Publish(subject string, data []byte) error {
	if why := e.why.Load(); why != nil {
		return fmt.Errorf("%w: %s", fleet.ErrAway, *why)
	}
	err := e.conn.Publish(subject, data)
	switch {
	case errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%w: %d bytes, and the engine takes %d: raise max_payload there", fleet.ErrTooLong, len(data), e.conn.MaxPayload())
	case err != nil:
		return fmt.Errorf("%w: %w", fleet.ErrAway, err)
	}
	return nil
}

// Subscribe implements fleet.Engine. It may wait for an attempt to reach the engine to end.
func (e *engine) Subscribe(subject string, got func([]byte)) (cancel func(), err error) {
	var over atomic.Bool
	sub, err := e.conn.Subscribe(subject, func(m *nats.Msg) {
		if !over.Load() {
			got(m.Data)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", fleet.ErrAway, err)
	}
	if err := sub.SetPendingLimits(mostWaiting, mostWaitingBytes); err != nil {
		return nil, err
	}
	return func() {
		over.Store(true)
		_ = sub.Unsubscribe() // It fails where the connection is closed.
	}, nil
}

// State implements fleet.Engine.
func (e *engine) State() (connected bool, detail string) {
	if why := e.why.Load(); why != nil {
		return false, *why
	}
	return true, ""
}

// Close implements fleet.Engine.
func (e *engine) Close() error {
	if e.why.Load() == nil {
		_ = e.conn.FlushTimeout(flushFor) // Who needs it to come sends it again.
	}
	e.closed.Store(true)
	e.away(errors.New("closed"))
	e.conn.Close()
	return nil
}

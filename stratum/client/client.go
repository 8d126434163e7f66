package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// Config says which server a Client speaks to, and how.
type Config struct {
	// Address is the server's host:port.
	Address string
	// TLS asks for an encrypted connection; nil is plain TCP. Where it names no
	// server, the host of Address is what the certificate must be for.
	TLS *tls.Config
	// Login is address.rig or name.rig, Password is empty for most servers, Agent is the
	// rig's program, as in bytom-solo/1.0.
	Login, Password, Agent string
	// Order is how the server writes the start nonce of its jobs.
	Order NonceOrder
	// ReplyTimeout is how long a request waits for its reply; 0 is 30 s.
	ReplyTimeout time.Duration
	// LoginTimeout is how long the login waits; 0 is a minute, since servers may hold
	// the reply until they have work.
	LoginTimeout time.Duration
	// SilentTimeout is after what time without a line the server is taken for dead; 0 is 10
	// minutes, which few blocks take.
	SilentTimeout time.Duration
	// DialContext opens the connection; nil does it by TCP.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Log receives what is odd about the server; nil discards it.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	c.ReplyTimeout = cmp.Or(c.ReplyTimeout, 30*time.Second)
	c.LoginTimeout = cmp.Or(c.LoginTimeout, time.Minute)
	c.SilentTimeout = cmp.Or(c.SilentTimeout, 10*time.Minute)
	if c.DialContext == nil {
		// A host that is gone is noticed within a minute.
		alive := net.KeepAliveConfig{Enable: true, Idle: 20 * time.Second, Interval: 10 * time.Second, Count: 4}
		c.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAliveConfig: alive}).DialContext
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Why a request had no reply.
var (
	// ErrNoReply means that none came in time.
	ErrNoReply = errors.New("no reply in time")
	// ErrClosed means that Close was called.
	ErrClosed = errors.New("the client is closed")
	// ErrLost means that the connection broke; the cause is wrapped too.
	ErrLost = errors.New("connection lost")
)

// writeTimeout is how long a server may take to read a request.
const writeTimeout = 10 * time.Second

// Client is the rig's end of a session: logged in, until the connection breaks or
// Close. It does not connect again; that is left to its caller, who may know other servers.
// All methods are safe for concurrent use.
type Client struct {
	cfg  Config
	conn net.Conn
	jobs chan *wire.Job
	done chan struct{} // closed when the connection has ended, err being final

	order orderReader
	junk  int // messages in a row that could not be read; of the read loop
	odds  int // odd messages so far; of the read loop
	// spoken is set once a line has come, foreign if the first was known to be something
	// else than Stratum; both are of the read loop.
	spoken  bool
	foreign error

	write sync.Mutex
	out   *wire.Writer

	mu       sync.Mutex
	last     uint64           // the last request's id
	calls    map[uint64]*call // those without a reply
	answered bool             // a submit once had a reply
	heard    time.Time        // when the last message came
	latest   *wire.Job        // the last that jobs was given
	idle     error            // why there is no work, while there is none
	err      error
}

// call is a request on its way.
type call struct {
	method string
	reply  chan wire.Message // of capacity 1
}

// New is Dial over a connection that there is already, which it closes if the
// login fails.
func New(ctx context.Context, conn net.Conn, cfg Config) (*Client, error) {
	c := &Client{
		cfg: cfg.withDefaults(), conn: conn, jobs: make(chan *wire.Job, 1), done: make(chan struct{}),
		out: wire.NewWriter(conn, writeTimeout), calls: make(map[uint64]*call),
	}
	c.order.order, c.order.said, c.order.log = cfg.Order, cfg.Order != NonceAuto, c.cfg.Log
	go c.read()
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.LoginTimeout, ErrNoReply)
	defer cancel()
	if err := c.login(ctx); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("login at %s: %w", cfg.Address, c.explain(err))
	}
	return c, nil
}

func (c *Client) login(ctx context.Context) error {
	m, err := c.call(ctx, wire.MethodLogin, wire.LoginParams{Login: c.cfg.Login, Pass: c.cfg.Password, Agent: c.cfg.Agent})
	if err != nil {
		return err
	}
	if m.Refused() {
		return &wire.Error{Code: wire.CodeOther, Message: "login refused: " + wire.Excerpt(m.Result)}
	}
	return nil
}

// Jobs delivers the server's jobs: a new one replaces one that was not received yet. Their
// Nonce is in the right order, and has bit 63 clear. nil means that the last one is void
// and there is no other; NoWork says why. The channel is never closed; see Done.
func (c *Client) Jobs() <-chan *wire.Job { return c.jobs }

// NoWork returns the server's reason for having no work; nil while it has some.
func (c *Client) NoWork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idle
}

// give has Jobs yield a job, or nil for the reason that there is none, in place of what
// waits there.
func (c *Client) give(job *wire.Job, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offer(job, why)
}

// void takes a job back that the server refuses a share of because it has no work, unless
// it has sent another since.
func (c *Client) void(job *wire.Job, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest == job && job != nil {
		c.offer(nil, why)
	}
}

// offer is give for who holds mu.
func (c *Client) offer(job *wire.Job, why error) {
	c.latest, c.idle = job, why
	select {
	case <-c.jobs:
	default:
	}
	c.jobs <- job // Nobody else sends.
}

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the connection has ended, nil before that: ErrClosed, or an ErrLost.
func (c *Client) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Close ends the session. Requests on their way get ErrClosed.
func (c *Client) Close() error {
	c.end(ErrClosed)
	<-c.done
	return nil
}

// end closes the connection, which ends the read loop. The first cause counts.
func (c *Client) end(cause error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = cause
	}
	c.mu.Unlock()
	_ = c.conn.Close() // It breaks, or is no longer wanted.
}

// Submit sends a share: a nonce of a job that came by Jobs. nil means that it was
// accepted; a *wire.Error is the server's refusal, whose kinds are the constants of
// wire.Refusal. ErrNoReply, ErrLost and ErrClosed say that nobody knows. A reply that is
// late is dropped.
func (c *Client) Submit(ctx context.Context, job *wire.Job, nonce uint64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.ReplyTimeout, ErrNoReply)
	defer cancel()
	asked := time.Now()
	m, err := c.call(ctx, wire.MethodSubmit, wire.SubmitParams{ID: c.cfg.Login, JobID: job.ID, Nonce: wire.FormatNonce(nonce)})
	if errors.Is(err, ErrNoReply) {
		c.suspect(asked)
	}
	if err == nil && m.Refused() {
		err = &wire.Error{Code: wire.CodeOther, Message: "share refused: " + wire.Excerpt(m.Result)}
	}
	if errors.Is(err, wire.RefusedNoWork) {
		c.void(job, err)
	}
	var verdict *wire.Error
	if err == nil || errors.As(err, &verdict) {
		c.order.judged(errors.Is(err, wire.RefusedNonce))
	}
	return err
}

// suspect ends a connection that has said nothing since a submit was sent, if the
// server is one that answers them.
func (c *Client) suspect(since time.Time) {
	c.mu.Lock()
	dead := c.answered && !c.heard.After(since)
	c.mu.Unlock()
	if dead {
		c.end(fmt.Errorf("%w: nothing heard for %v", ErrLost, c.cfg.ReplyTimeout))
	}
}

// GetJob asks for a job, which then comes by Jobs, as after login. Not every server
// knows of it.
func (c *Client) GetJob(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.cfg.ReplyTimeout, ErrNoReply)
	defer cancel()
	_, err := c.call(ctx, wire.MethodGetJob, map[string]string{"id": c.cfg.Login})
	return err
}

// call sends a request and waits for its reply. A reply with an error is returned as
// that error.
func (c *Client) call(ctx context.Context, method string, params any) (wire.Message, error) {
	p := &call{method: method, reply: make(chan wire.Message, 1)}
	id := c.enter(p)
	defer c.leave(id)
	if err := c.send(id, method, params); err != nil {
		return wire.Message{}, err
	}
	var err error
	var m wire.Message
	select {
	case m = <-p.reply:
	case <-c.done:
		err = c.err
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		select {
		case m = <-p.reply: // It came at the same time.
		default:
			return m, err
		}
	}
	if m.Error != nil {
		return m, m.Error
	}
	return m, nil
}

func (c *Client) send(id uint64, method string, params any) error {
	raw, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("encode %s: %w", method, err)
	}
	c.write.Lock()
	defer c.write.Unlock()
	err = c.out.Send(wire.Request{Method: method, Params: raw, ID: fmt.Append(nil, id)})
	if err == nil {
		return nil
	}
	c.end(fmt.Errorf("%w: send %s: %w", ErrLost, method, err))
	<-c.done
	return c.err
}

// enter adds a call to those that wait for a reply, and returns its id.
func (c *Client) enter(p *call) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	c.calls[c.last] = p
	return c.last
}

func (c *Client) leave(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
}

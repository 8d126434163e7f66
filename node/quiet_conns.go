package node

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// quietConns gives a connection that has said nothing yet as long as one between two requests. Go's clients dial
// some that they turn out not to need, and keep them for later: a call on one that the node closes at that moment, as
// its headers have not come in time, fails by no fault of anyone. That time counts from the first byte on.
type quietConns struct{ net.Listener }

// Accept satisfies net.Listener.
func (l quietConns) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &quietConn{Conn: conn, since: time.Now()}, nil
}

type quietConn struct {
	net.Conn
	since  time.Time
	latest atomic.Int64 // from since until something came last; 0 is that nothing has

	mu    sync.Mutex
	time  time.Duration // that the server gives for what it reads
	quiet time.Duration // for how long nothing was said, where that is to be added to the next deadline
}

// lastSaid is when something came last on a connection of quietConns, since if nothing has since then.
func lastSaid(conn net.Conn, since time.Time) time.Time {
	if c, ok := conn.(*quietConn); ok {
		if at := c.since.Add(time.Duration(c.latest.Load())); at.After(since) {
			return at
		}
	}
	return since
}

// SetReadDeadline satisfies net.Conn. The server counts the time for a first request's body from when the connection
// was made, too, and sets its end once the headers are there.
func (c *quietConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch left := time.Until(t); {
	case left > 0 && c.latest.Load() == 0:
		c.time, t = left, time.Now().Add(max(left, idleTimeout))
	case t.After(c.since): // Not one long ago, which ends a read.
		t, c.quiet = t.Add(c.quiet), 0
	}
	return c.Conn.SetReadDeadline(t)
}

// Read satisfies net.Conn.
func (c *quietConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n == 0 {
		return n, err
	}
	at := max(1, time.Since(c.since))
	if c.latest.Swap(int64(at)) != 0 {
		return n, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.time > 0 {
		c.quiet = at
		if late := c.Conn.SetReadDeadline(time.Now().Add(c.time)); err == nil {
			err = late
		}
	}
	return n, err
}

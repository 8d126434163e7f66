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
	return &quietConn{Conn: conn}, nil
}

type quietConn struct {
	net.Conn
	spoken atomic.Bool

	mu   sync.Mutex
	time time.Duration // that the server gives for what it reads
}

// SetReadDeadline satisfies net.Conn.
func (c *quietConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if left := time.Until(t); left > 0 && !c.spoken.Load() {
		c.time, t = left, time.Now().Add(max(left, idleTimeout))
	}
	return c.Conn.SetReadDeadline(t)
}

// Read satisfies net.Conn.
func (c *quietConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n == 0 || c.spoken.Load() {
		return n, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.spoken.Swap(true) && c.time > 0 {
		if late := c.Conn.SetReadDeadline(time.Now().Add(c.time)); err == nil {
			err = late
		}
	}
	return n, err
}

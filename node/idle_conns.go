package node

import (
	"container/list"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// idleTimeout is how long a connection may do nothing, the stock node's. Clients drop theirs sooner,
// Go's after 90 seconds: whoever is about to ask on a connection that the node closes at that
// moment has a call that failed, and which is no fault of anyone.
const idleTimeout = 2 * time.Minute

// headerTimeout is how long a request's headers may take.
const headerTimeout = 10 * time.Second

// betweenTwo is how long a connection has between two requests before it may be closed for another: who calls
// again and again is about to.
const betweenTwo = 100 * time.Millisecond

// idleConns lets so many connections in at a time, and none wait for those that do nothing: when
// all places are taken, the one that has done nothing for longest is closed.
type idleConns struct {
	net.Listener
	most     int
	patience time.Duration // that a connection has to say something, or more, also in the last place

	clearing sync.Mutex // held while one is closed for another, so that no second is closed for the same
	mu       sync.Mutex
	open     int
	idle     list.List // of waiting; the one that has waited longest is the first
	in       map[net.Conn]*list.Element
	again    *time.Timer // has makeRoom look again
}

// waiting is a connection between two requests, or before its first one.
type waiting struct {
	conn  net.Conn
	since time.Time
	fresh bool // no request has come yet
}

// grace is how long the connection may still not be closed for another. A request that has begun to come has patience
// from its latest byte on: of a next one net/http gives the first bytes as long as a connection may idle.
func (w waiting) grace(patience time.Duration) time.Duration {
	said := lastSaid(w.conn, w.since)
	if !w.fresh && said == w.since {
		patience = betweenTwo
	}
	return patience - time.Since(said)
}

// limitConns has a server take no more than most connections at a time from a listener. It is to be
// called before the server serves.
func limitConns(l net.Listener, most int, s *http.Server) *idleConns {
	c := &idleConns{
		Listener: netutil.LimitListener(l, most), most: most, patience: s.ReadHeaderTimeout,
		in: make(map[net.Conn]*list.Element),
	}
	c.again = time.AfterFunc(0, c.makeRoom)
	then := s.ConnState
	s.ConnState = func(conn net.Conn, state http.ConnState) {
		c.changed(conn, state)
		if then != nil {
			then(conn, state)
		}
	}
	return c
}

// Accept satisfies net.Listener.
func (c *idleConns) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.open++
	c.mu.Unlock()
	c.makeRoom()
	return &countedConn{Conn: conn, closed: sync.OnceFunc(c.gone)}, nil
}

// changed follows what the server's connections do.
func (c *idleConns) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	c.forget(conn)
	if state == http.StateIdle || state == http.StateNew {
		c.in[conn] = c.idle.PushBack(waiting{conn, time.Now(), state == http.StateNew})
	}
	c.mu.Unlock()
	if state == http.StateIdle || state == http.StateNew {
		c.makeRoom()
	}
}

// forget takes a connection from those that idle; the caller holds mu.
func (c *idleConns) forget(conn net.Conn) {
	if e := c.in[conn]; e != nil {
		c.idle.Remove(e)
		delete(c.in, conn)
	}
}

// makeRoom closes the connection that has done nothing for longest if there is no room for another, or looks again once
// one may be.
func (c *idleConns) makeRoom() {
	c.clearing.Lock()
	defer c.clearing.Unlock()
	if conn := c.longest(); conn != nil {
		_ = conn.Close()
	}
}

// longest takes out the connection that is to be closed for another; nil where there is none yet.
func (c *idleConns) longest() net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open < c.most || c.idle.Len() == 0 {
		return nil
	}
	soonest := c.patience
	for e := c.idle.Front(); e != nil; e = e.Next() {
		w := e.Value.(waiting)
		left := w.grace(c.patience)
		if left <= 0 {
			c.forget(w.conn)
			return w.conn
		}
		soonest = min(soonest, left)
	}
	c.again.Reset(soonest)
	return nil
}

func (c *idleConns) gone() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
}

// countedConn tells when it is closed.
type countedConn struct {
	net.Conn
	closed func()
}

// Close satisfies net.Conn.
func (c *countedConn) Close() error {
	err := c.Conn.Close()
	c.closed()
	return err
}

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

// idleConns lets so many connections in at a time, and none wait for those that do nothing: when
// all places are taken, the one that has done nothing for longest is closed.
type idleConns struct {
	net.Listener
	most     int
	patience time.Duration // that a connection has to say something, also in the last place

	mu   sync.Mutex
	open int
	idle list.List // of waiting; the one that has waited longest is the first
	in   map[net.Conn]*list.Element
}

// waiting is a connection between two requests, or before its first one.
type waiting struct {
	conn  net.Conn
	since time.Time
	fresh bool // no request has come yet
}

// mayGo reports whether the connection may be closed for another: not where a request has begun to come.
func (w waiting) mayGo(patience time.Duration) bool {
	return silent(w.conn, w.since) && (!w.fresh || time.Since(w.since) >= patience)
}

// limitConns has a server take no more than most connections at a time from a listener. It is to be
// called before the server serves.
func limitConns(l net.Listener, most int, s *http.Server) *idleConns {
	c := &idleConns{
		Listener: netutil.LimitListener(l, most), most: most, patience: s.ReadHeaderTimeout,
		in: make(map[net.Conn]*list.Element),
	}
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
	return &countedConn{Conn: conn, closed: sync.OnceFunc(c.left)}, nil
}

// changed follows what the server's connections do.
func (c *idleConns) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	c.forget(conn)
	if state == http.StateIdle || state == http.StateNew {
		c.in[conn] = c.idle.PushBack(waiting{conn, time.Now(), state == http.StateNew})
	}
	c.mu.Unlock()
	switch state {
	case http.StateIdle:
		c.makeRoom()
	case http.StateNew:
		time.AfterFunc(c.patience, c.makeRoom)
	}
}

// forget takes a connection from those that idle; the caller holds mu.
func (c *idleConns) forget(conn net.Conn) {
	if e := c.in[conn]; e != nil {
		c.idle.Remove(e)
		delete(c.in, conn)
	}
}

// makeRoom closes the connection that has done nothing for longest if there is no room for another.
func (c *idleConns) makeRoom() {
	c.mu.Lock()
	var longest net.Conn
	for e := c.idle.Front(); e != nil && longest == nil && c.open >= c.most; e = e.Next() {
		if w := e.Value.(waiting); w.mayGo(c.patience) {
			longest = w.conn
		}
	}
	if longest != nil {
		c.forget(longest)
	}
	c.mu.Unlock()
	if longest != nil {
		_ = longest.Close()
	}
}

func (c *idleConns) left() {
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

package node

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// idleTest is a server that lets three connections in, with clients of one connection each.
type idleTest struct {
	t      *testing.T
	url    string
	conns  *idleConns
	mu     sync.Mutex
	dialed int
}

// A connection has patience to say something.
func newIdleTest(t *testing.T, patience time.Duration) *idleTest {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	waits := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/long" {
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}
	server := newServer(http.HandlerFunc(waits), newAccess(t, "", &authenticator{disabled: true}))
	server.ReadHeaderTimeout = patience
	limited := openFiles{rpc: 3}.limited(l, server)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(limited) }()
	t.Cleanup(func() { server.Close(); <-ended })
	return &idleTest{t: t, url: "http://" + l.Addr().String(), conns: limited.(quietConns).Listener.(*idleConns)}
}

// client returns a client that counts how often it dials.
func (i *idleTest) client() *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		i.mu.Lock()
		i.dialed++
		i.mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	c := &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: 20 * time.Second}
	i.t.Cleanup(c.CloseIdleConnections)
	return c
}

// ask asks, and waits until the server knows that so many connections idle.
func (i *idleTest) ask(c *http.Client, idle int) {
	i.t.Helper()
	answer, err := c.Get(i.url)
	if err != nil {
		i.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	i.await(idle)
}

func (i *idleTest) await(idle int) {
	i.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		i.conns.mu.Lock()
		now, open := i.conns.idle.Len(), i.conns.open
		i.conns.mu.Unlock()
		if now == idle {
			return
		}
		if time.Now().After(end) {
			i.t.Fatalf("%d of %d connections idle, expected %d", now, open, idle)
		}
	}
}

// long asks what is not answered before the test ends.
func (i *idleTest) long(c *http.Client) {
	i.t.Helper()
	answer, err := c.Get(i.url + "/long")
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { answer.Body.Close() })
}

// TestIdleConnectionsMakeRoom: who does nothing keeps no one out, and keeps the place as long as
// no one else wants it.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	i := newIdleTest(t, headerTimeout)
	first, second := i.client(), i.client()
	i.ask(first, 1)
	i.ask(second, 2)
	for range 3 {
		i.ask(first, 2)
		i.ask(second, 2)
	}
	if i.dialed != 2 {
		t.Fatalf("%d connections for two clients, with a place free", i.dialed)
	}
	for n := range 20 { // A place is kept free: the one that has idled longest goes.
		i.ask(i.client(), 2)
		if i.dialed != 3+n {
			t.Fatalf("%d connections, expected %d", i.dialed, 3+n)
		}
	}
	i.ask(first, 2)
	if i.dialed != 23 {
		t.Errorf("%d connections: the first of all was closed, and came back", i.dialed)
	}
}

// TestBusyConnectionsStay: of those that wait for an answer none is closed, and who comes last gets in
// as soon as one has ended.
func TestBusyConnectionsStay(t *testing.T) {
	i := newIdleTest(t, headerTimeout)
	i.long(i.client())
	i.long(i.client())
	third := i.client()
	i.ask(third, 0) // All places were taken, and this is the only one that idles.
	i.ask(third, 0)
	if i.dialed != 4 {
		t.Errorf("%d connections, expected 4", i.dialed)
	}
}

// TestManyAtOnceAreAnswered: where more call at once than there are places, each has its answer: a connection that has
// just come is about to ask.
func TestManyAtOnceAreAnswered(t *testing.T) {
	i := newIdleTest(t, headerTimeout)
	var all sync.WaitGroup
	for range 40 {
		c := i.client()
		all.Go(func() {
			answer, err := c.Post(i.url, "application/json", nil)
			if err != nil {
				t.Errorf("no answer: %v", err)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		})
	}
	all.Wait()
}

// TestClientsDropIdleConnectionsFirst: where the node does, a client's call fails that was sent at the
// same moment.
func TestClientsDropIdleConnectionsFirst(t *testing.T) {
	server := newServer(http.NotFoundHandler(), newAccess(t, "", &authenticator{disabled: true}))
	if theirs := http.DefaultTransport.(*http.Transport).IdleConnTimeout; server.IdleTimeout < theirs+10*time.Second {
		t.Errorf("connections idle for %v here, and for %v at Go's clients", server.IdleTimeout, theirs)
	}
}

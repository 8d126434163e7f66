package node

import (
	"bufio"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
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
	t.Helper()
	address, conns := serveThree(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/long":
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/late": // The answer is whole before the handler returns.
			w.Header().Set("Content-Length", "2")
			_, _ = io.WriteString(w, "ok")
			w.(http.Flusher).Flush()
			time.Sleep(300 * time.Millisecond)
		}
	}, func(s *http.Server) { s.ReadHeaderTimeout = patience })
	return &idleTest{t: t, url: "http://" + address, conns: conns}
}

// serveThree serves three connections at a time until the test ends.
func serveThree(t *testing.T, handle http.HandlerFunc, change func(*http.Server)) (address string, conns *idleConns) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(handle, newAccess(t, "", &authenticator{disabled: true}))
	change(server)
	limited := openFiles{rpc: 3}.limited(l, server)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = server.Serve(limited) }()
	t.Cleanup(func() { server.Close(); <-ended })
	return l.Addr().String(), limited.(quietConns).Listener.(*idleConns)
}

// connected is a connection that lasts as long as the test, and at most 20 seconds.
func connected(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// dial connects to the server.
func (i *idleTest) dial() net.Conn {
	i.t.Helper()
	return connected(i.t, strings.TrimPrefix(i.url, "http://"))
}

// calls calls again and again, each time as soon as the answer is there.
func (i *idleTest) calls(times int) {
	i.t.Helper()
	c, failed, first := i.client(), 0, error(nil)
	for range times {
		answer, err := c.Post(i.url, "application/json", strings.NewReader("{}"))
		if err != nil {
			failed, first = failed+1, cmp.Or(first, err)
			continue
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	if failed > 0 {
		i.t.Errorf("%d of %d calls failed, the first by %v", failed, times, first)
	}
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

// TestACallerIsNotCutOff: who calls again as soon as the answer is there is not closed for another in between, neither where
// all other places are taken for long nor where others come for the last one again and again.
func TestACallerIsNotCutOff(t *testing.T) {
	t.Run("all places taken", func(t *testing.T) {
		i := newIdleTest(t, headerTimeout)
		i.long(i.client())
		i.long(i.client())
		i.calls(300)
	})
	t.Run("others come", func(t *testing.T) {
		i := newIdleTest(t, headerTimeout)
		i.long(i.client())
		ctx, end := context.WithCancel(t.Context())
		var others sync.WaitGroup
		others.Go(func() {
			for ctx.Err() == nil {
				if conn, err := net.Dial("tcp", strings.TrimPrefix(i.url, "http://")); err == nil {
					time.Sleep(500 * time.Microsecond)
					conn.Close()
				}
			}
		})
		i.calls(2000)
		end()
		others.Wait()
	})
}

// TestTheNextRequestMayBeginEarly: one that has begun to come before the last one's handler returned is answered.
func TestTheNextRequestMayBeginEarly(t *testing.T) {
	i := newIdleTest(t, headerTimeout)
	i.long(i.client())
	i.long(i.client())
	conn := i.dial()
	answers := bufio.NewReader(conn)
	for n := range 3 {
		if _, err := io.WriteString(conn, "GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("request %d: %v", n, err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

// TestANextRequestThatComesNoFurther: who has begun it, and says no more, keeps no place for longer than headers may take.
func TestANextRequestThatComesNoFurther(t *testing.T) {
	const patience = time.Second
	i := newIdleTest(t, patience)
	for range 3 {
		conn := i.dial()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		_, _ = io.WriteString(conn, "GET") // In time, or else it is closed for the place that is kept free.
	}
	c := i.client()
	c.Timeout = 15 * patience
	answer, err := c.Get(i.url)
	if err != nil {
		t.Fatalf("who comes next: %v", err)
	}
	answer.Body.Close()
}

// TestClientsDropIdleConnectionsFirst: where the node does, a client's call fails that was sent at the
// same moment.
func TestClientsDropIdleConnectionsFirst(t *testing.T) {
	server := newServer(http.NotFoundHandler(), newAccess(t, "", &authenticator{disabled: true}))
	if theirs := http.DefaultTransport.(*http.Transport).IdleConnTimeout; server.IdleTimeout < theirs+10*time.Second {
		t.Errorf("connections idle for %v here, and for %v at Go's clients", server.IdleTimeout, theirs)
	}
}

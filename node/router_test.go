package node

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt"
	"github.com/bytom-solo/bytom-solo/mining"
)

// newAccess lets in whom an authenticator does, by names beside loopback.
func newAccess(t testing.TB, hosts string, auth *authenticator) access {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	g, err := newGuard(hosts, "127.0.0.1:9888", log)
	if err != nil {
		t.Fatal(err)
	}
	auth.log = log
	return access{guard: g, auth: auth, log: log}
}

func TestAPanicIsAnAnswer(t *testing.T) {
	h := recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("ouch") }), slog.New(slog.DiscardHandler))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/x", nil))
	var reply struct {
		Status      string
		ErrorDetail string `json:"error_detail"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || w.Code != 400 || reply.Status != "fail" || !strings.Contains(reply.ErrorDetail, "ouch") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestAnAbortIsNone: a handler that gives its answer up ends the connection.
func TestAnAbortIsNone(t *testing.T) {
	for _, c := range []struct {
		panics  error
		answers bool
	}{{http.ErrAbortHandler, false}, {errors.New("ouch"), true}} {
		h := recovered(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(c.panics) }), slog.New(slog.DiscardHandler))
		w := httptest.NewRecorder()
		func() {
			defer func() {
				if p := recover(); (p == nil) != c.answers {
					t.Errorf("%v: the panic goes on as %v", c.panics, p)
				}
			}()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/x", nil))
		}()
		if answered := strings.Contains(w.Body.String(), "ouch"); answered != c.answers {
			t.Errorf("%v: answered %v", c.panics, w.Body)
		}
	}
}

// TestRequestsMayNotTakeForever: who sends a request by a byte an hour holds a connection
// that others wait for.
func TestRequestsMayNotTakeForever(t *testing.T) {
	s := newServer(http.NotFoundHandler(), newAccess(t, "", &authenticator{disabled: true}))
	if s.ReadHeaderTimeout != 10*time.Second || s.ReadTimeout != 2*time.Minute {
		t.Errorf("the header may take %v and the request %v", s.ReadHeaderTimeout, s.ReadTimeout)
	}
}

// pipeListener takes one connection.
type pipeListener struct {
	conns chan net.Conn
	close func()
}

func (l pipeListener) Accept() (net.Conn, error) {
	if conn, ok := <-l.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (l pipeListener) Close() error   { l.close(); return nil }
func (l pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// TestCallsUnderWayAreFinished ends a node while it answers a call, which may hold a
// solution: what it needs is there until it has, or for a second.
func TestCallsUnderWayAreFinished(t *testing.T) {
	for _, takes := range []time.Duration{time.Second / 2, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			ctx, end := context.WithCancel(t.Context())
			defer end()
			slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-time.After(takes):
				case <-r.Context().Done():
				}
			})
			n := &Node{work: gbt.New(gbt.Config{Extranonces: mining.NewExtranonces()}), station: station{server: newServer(slow, newAccess(t, "x", &authenticator{disabled: true}))}}
			near, far := net.Pipe()
			defer near.Close()
			l := pipeListener{conns: make(chan net.Conn, 1)}
			l.close = sync.OnceFunc(func() { close(l.conns) })
			l.conns <- far
			go func() { _, _ = near.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")) }()
			go func() { _, _ = io.Copy(io.Discard, near) }()
			served := make(chan error)
			go func() { served <- n.serve(ctx, l) }()
			synctest.Wait()
			start := time.Now()
			end()
			err := <-served
			if took, want := time.Since(start), min(takes, time.Second); took < want || took > want+time.Second/2 || !errors.Is(err, context.Canceled) {
				t.Errorf("a call of %v was given %v, expected %v: %v", takes, took, want, err)
			}
		})
	}
}

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

	"github.com/bytom/bytom/accesstoken"
	dbm "github.com/bytom/bytom/database/leveldb"

	"github.com/bytom-solo/bytom-solo/gbt"
	"github.com/bytom-solo/bytom-solo/mining"
)

// TestAuthenticationIsTheStockNodes asks from loopback and from elsewhere, with and
// without a token, for a route of ours.
func TestAuthenticationIsTheStockNodes(t *testing.T) {
	tokens := accesstoken.NewStore(dbm.NewMemDB())
	token, err := tokens.Create("rig", "client")
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := strings.Cut(token.Token, ":")
	route := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	for _, test := range []struct {
		name, from     string
		user, password string
		disabled       bool
		want           int
	}{
		{"loopback", "127.0.0.1:5000", "", "", false, 200},
		{"IPv6 loopback", "[::1]:5000", "", "", false, 200},
		{"LAN without a token", "192.168.1.2:5000", "", "", false, 401},
		{"LAN with a wrong token", "192.168.1.2:5000", user, "00", false, 401},
		{"LAN with a token", "192.168.1.2:5000", user, password, false, 200},
		{"LAN, disabled", "192.168.1.2:5000", "", "", true, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(route, tokens, test.disabled, slog.New(slog.DiscardHandler))
			req := httptest.NewRequest(http.MethodPost, "/get-work", nil)
			req.RemoteAddr = test.from
			if test.user != "" {
				req.SetBasicAuth(test.user, test.password)
			}
			w := httptest.NewRecorder()
			s.Handler.ServeHTTP(w, req)
			if w.Code != test.want {
				t.Errorf("status %d, expected %d: %s", w.Code, test.want, w.Body)
			}
		})
	}
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
			n := &Node{work: gbt.New(gbt.Config{Extranonces: mining.NewExtranonces()}), server: newServer(slow, nil, true, slog.New(slog.DiscardHandler))}
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

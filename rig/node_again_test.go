package rig

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/gbt/client"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestASolutionOnADeadConnection: the connection that an HTTP client kept is cut off without a word; a new one works.
func TestASolutionOnADeadConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			if calls++; calls == 1 {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewBufferString(`{"status":"success","data":true}`))}, nil
		})
		c, err := client.New("http://node:9888", &http.Client{Timeout: longestCall, Transport: transport}) // as newNode
		if err != nil {
			t.Fatal(err)
		}
		n := &node{client: c, log: slog.New(slog.DiscardHandler)}
		start := time.Now()
		got, err := n.submit(t.Context(), solution{work: newWork(types.BlockHeader{Version: 1, Height: 7, Bits: noneMeets}, [32]byte{}, newNonces(allNonces, 0)), block: true})
		if took := time.Since(start); got != Accepted || took > 40*time.Second {
			t.Errorf("%v, %v after %v", got, err, took)
		}
	})
}

// TestANodeBehindAProxy: the node restarts, and its proxy says so twice, as web servers do or as API gateways.
func TestANodeBehindAProxy(t *testing.T) {
	t.Parallel() // It mostly waits.
	for kind, says := range map[string]struct {
		status int
		text   string
	}{
		"text/html":        {http.StatusBadGateway, "<html>502 Bad Gateway</html>"},
		"application/json": {http.StatusServiceUnavailable, `{"message":"failure to get a peer from the ring-balancer"}`},
	} {
		t.Run(kind, func(t *testing.T) {
			n := &fakeNode{header: types.BlockHeader{Version: 1, Height: 7, Bits: noneMeets, Timestamp: 1000}}
			calls := 0
			proxy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if calls++; calls <= 2 {
					w.Header().Set("Content-Type", kind)
					w.WriteHeader(says.status)
					fmt.Fprint(w, says.text)
					return
				}
				n.ServeHTTP(w, r)
			})
			r, _ := fakeRig(t, proxy, false, computetest.SHA3{})
			got, err := r.cfg.Source.submit(t.Context(), solution{work: newWork(n.header, [32]byte{}, newNonces(allNonces, 0)), block: true})
			if got != Accepted || n.submitted.Load() != 1 {
				t.Errorf("%v, %v: brought %d times", got, err, n.submitted.Load())
			}
		})
	}
}

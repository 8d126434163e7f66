package rig

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/client"
)

// called has a handler answer without a connection.
type called struct {
	mu sync.Mutex
	http.Handler
	fails error // in its place
}

func (c *called) set(h http.Handler, fails error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Handler, c.fails = h, fails
}

func (c *called) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	h, err := c.Handler, c.fails
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// says answers everything with a text.
func says(status int, text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	})
}

// TestNodeVoid has a node that gave work give none any more: by its own account, without a
// reason, and because it is gone. What it gave is dropped at once, soon and late, which is
// told once, and the rig goes on when there is work again.
func TestNodeVoid(t *testing.T) {
	for _, test := range []struct {
		name          string
		none          http.Handler
		fails         error
		within, after time.Duration // when the work is dropped
	}{
		{"a reason", says(200, `{"status":"fail","error_detail":"x","data":{"reason":"not ready to mine","debug":"the clock is wrong"}}`), nil, 2 * pollEach, 0},
		{"no reason", says(500, `{"status":"fail","detail":"x"}`), nil, voidMost + 8*time.Second, voidMost},
		{"a page", says(404, "x"), nil, voidMost + 8*time.Second, voidMost},
		{"nobody there", nil, errors.New("connection refused"), patience + longestPause, patience},
	} {
		for _, templates := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				n := &fakeNode{}
				n.header.Version, n.header.Bits = 1, noneMeets
				way := &called{Handler: n}
				c, err := client.New("http://node:1", &http.Client{Transport: way})
				if err != nil {
					t.Fatal(err)
				}
				var log logText
				logger := slog.New(slog.NewTextHandler(&log, nil))
				source := &node{client: c, templates: templates, log: logger}
				r := New(Config{Source: source, Log: logger})
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- source.run(ctx, r) }()
				works := func() bool { synctest.Wait(); return r.state.Load().work != nil }
				for range 2 {
					time.Sleep(longestPause)
					if !works() {
						t.Errorf("%s: no work:\n%s", test.name, &log)
					}
					way.set(test.none, test.fails)
					if test.after > 0 {
						if time.Sleep(test.after - pollEach); !works() {
							t.Errorf("%s: dropped early:\n%s", test.name, &log)
						}
					}
					time.Sleep(test.within - test.after + pollEach)
					if works() || source.status().Server != "" {
						t.Errorf("%s: the work is there still:\n%s", test.name, &log)
					}
					way.set(n, nil)
				}
				if got := strings.Count(log.String(), "gives no work"); got != 2 {
					t.Errorf("%s: told %d times:\n%s", test.name, got, &log)
				}
				cancel()
				if err := <-ended; err != nil {
					t.Errorf("%s: %v", test.name, err)
				}
			})
		}
	}
}

// TestNodeThatTakesNoBlocks is told once, and goes on being tried.
func TestNodeThatTakesNoBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log logText
		source := &answers{make(chan solution, 1000), make(chan Outcome, 1000)}
		r := New(Config{Source: source, Log: slog.New(slog.NewTextHandler(&log, nil)), Shares: slog.LevelDebug})
		find := func(outcome Outcome) {
			source.verdict <- outcome
			w := &work{node: true, asked: time.Now()}
			w.header.Bits = someMeet
			r.deliver(t.Context(), solution{work: w, block: true, device: newDevice(noBackend{}, 0)})
			time.Sleep(time.Second)
		}
		for round := range 2 {
			for range 10 * streakLength {
				find(Rejected)
			}
			if n := strings.Count(log.String(), "takes no blocks"); n != round+1 {
				t.Errorf("told %d times:\n%s", n, &log)
			}
			if n := strings.Count(log.String(), "solution rejected"); n != (round+1)*streakLength {
				t.Errorf("%d lines of blocks", n)
			}
			find(Accepted)
		}
		for range 5 {
			find(Rejected)
			find(Accepted)
		}
		if n := strings.Count(log.String(), "solution rejected"); n != 2*streakLength+5 {
			t.Errorf("%d lines of blocks in the end", n)
		}
	})
}

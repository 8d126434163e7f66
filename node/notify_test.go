package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// hook is a webhook that keeps what it is sent, after refusing the first failures.
func hook(t *testing.T, failures int) (url string, got func() []string) {
	t.Helper()
	var mu sync.Mutex
	var events []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if failures--; failures >= 0 {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		var n Notification
		if err := json.NewDecoder(r.Body).Decode(&n); err != nil || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v, content type %s", err, r.Header.Get("Content-Type"))
		}
		events = append(events, n.Event)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(events) }
}

func TestWebhookIsToldInOrder(t *testing.T) {
	url, got := hook(t, 2)
	n, err := newNotifier(url, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	n.pause = time.Millisecond
	want := []string{"block.found", "block.main", "block.confirmed"}
	for _, e := range want {
		n.send(Notification{Event: e})
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- n.run(ctx) }()
	for deadline := time.Now().Add(time.Minute); len(got()) < 3 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || !slices.Equal(got(), want) {
		t.Errorf("told %v (%v), expected %v", got(), err, want)
	}
}

// TestWebhookIsToldOfTheLast sends when the node is stopping.
func TestWebhookIsToldOfTheLast(t *testing.T) {
	url, got := hook(t, 0)
	n, err := newNotifier(url, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n.send(Notification{Event: "block.found"})
	if err := n.run(ctx); !errors.Is(err, context.Canceled) || len(got()) != 1 {
		t.Errorf("told %v, %v", got(), err)
	}
}

// TestAWebhookThatFailsIsToldSeldom refuses for two hours: each notification is tried a
// quarter of an hour long, and the log has a line an hour. Then it is told that it works.
func TestAWebhookThatFailsIsToldSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, posts := time.Now(), 0
		var got []string
		var log strings.Builder
		n, err := newNotifier("http://a.example/t0ken", slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		n.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			posts++
			if time.Since(start) < 2*time.Hour {
				return nil, errors.New("no route")
			}
			var note Notification
			err := json.NewDecoder(r.Body).Decode(&note)
			got = append(got, note.Event)
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, err
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- n.run(ctx) }()
		for i := range 10 {
			n.send(Notification{Event: fmt.Sprint(i)})
		}
		time.Sleep(4 * time.Hour)
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		// A notification gets 20 tries with pauses of 1, 2, 4, 8, 16, 32 and 13 times 60
		// seconds; eight of them end within two hours.
		if want := []string{"8", "9"}; !slices.Equal(got, want) || posts < 160 || posts > 190 {
			t.Errorf("%d posts, of which were taken %q, expected %q", posts, got, want)
		}
		text := log.String()
		if strings.Count(text, "level=WARN") != 2 || strings.Count(text, "takes notifications again") != 1 || strings.Contains(text, "t0ken") {
			t.Errorf("log:\n%s", text)
		}
	})
}

// TestAWebhookThatHangsEndsWithTheNode has one that does not answer when the node stops.
func TestAWebhookThatHangsEndsWithTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		n, err := newNotifier("http://a.example/", slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		n.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- n.run(ctx) }()
		for range 5 {
			n.send(Notification{})
		}
		synctest.Wait()
		start := time.Now()
		cancel()
		<-done
		if took := time.Since(start); took != notifyGrace || strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "lost=5") {
			t.Errorf("after %v: %s", took, log.String())
		}
	})
}

// roundTrip is a transport.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip satisfies http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestASlowWebhookHoldsNobodyUp sends more than its queue holds.
func TestASlowWebhookHoldsNobodyUp(t *testing.T) {
	n, err := newNotifier("http://127.0.0.1:1/", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range notifyQueue + 10 {
		n.send(Notification{})
	}
	if len(n.queue) != notifyQueue {
		t.Errorf("%d wait", len(n.queue))
	}
	for _, bad := range []string{"example.org/hook", "file:///x", "http://"} {
		if _, err := newNotifier(bad, slog.Default()); err == nil || !strings.Contains(err.Error(), "notify.webhook") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestARedirectThatLosesTheBodyIsNoDelivery: a server that sends callers from http:// to https:// has a post become a GET of nothing, which
// any page answers. Nobody is told by that.
func TestARedirectThatLosesTheBodyIsNoDelivery(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			http.Redirect(w, r, "/secure", http.StatusMovedPermanently)
		}
	}))
	defer s.Close()
	n, err := newNotifier(s.URL, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	err = n.post(t.Context(), Notification{Event: "block.found"})
	if why, failing := n.trouble(); !failing || !strings.Contains(why, "301 Moved Permanently") {
		t.Errorf("%v, trouble %q, expected that nobody was told", err, why)
	}
}

package node

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
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

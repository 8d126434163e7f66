package gbt

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
)

// slow is a backend that takes a while, as one does that hashes rigs' shares besides.
type slow struct{ computetest.SHA3 }

func (s slow) NewHasher(context.Context, [32]byte) (compute.Hasher, error) { return s, nil }

func (s slow) Hash(ctx context.Context, results, headers [][32]byte) error {
	select {
	case <-time.After(300 * time.Millisecond):
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.SHA3.Hash(ctx, results, headers)
}

// TestASolutionWhoseClientHangsUp: it was received as a whole; its client does not wait for the answer.
func TestASolutionWhoseClientHangsUp(t *testing.T) {
	c, r := server(t)
	v := compute.NewVerifier(slow{})
	t.Cleanup(v.Close)
	c.handler.cfg.Submitter = mining.NewSubmitter(mining.SubmitterConfig{Sink: c, Source: c, Verifier: v})
	s := httptest.NewServer(r)
	defer s.Close()
	h := getWork(t, r)
	solve(h, true)
	text, err := h.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/submit-work", strings.NewReader(`{"block_header":"`+string(text)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := http.DefaultClient.Do(request); err == nil {
		answer.Body.Close()
		t.Fatal("answered already")
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		came := len(c.processed)
		c.mu.Unlock()
		if came == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d blocks came to the chain, expected the one that was submitted", came)
		}
	}
}

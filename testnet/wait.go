package testnet

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// Wait polls until f returns nil, and fails the test with f's last error if that
// does not come in time.
func Wait(t testing.TB, limit time.Duration, f func() error) {
	t.Helper()
	// A test's own context ends before its cleanup, which waits too.
	if err := Poll(context.Background(), limit, f); err != nil {
		t.Fatal(err)
	}
}

// Poll calls f until it returns nil, at least once. If that does not come in time, it
// returns f's last error.
func Poll(ctx context.Context, limit time.Duration, f func() error) error {
	return poll(ctx, limit, 50*time.Millisecond, f)
}

func poll(ctx context.Context, limit, every time.Duration, f func() error) error {
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("after %v: %w", limit, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w, and %w", ctx.Err(), err)
		}
	}
}

// wait waits for a time, or for the end of ctx.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

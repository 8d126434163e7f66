package testnet

import (
	"testing"
	"time"
)

// Wait polls until f returns nil, and fails the test with f's last error if that
// does not come in time.
func Wait(t testing.TB, limit time.Duration, f func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", limit, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

package node

import (
	"fmt"
	"testing"
	"time"
)

// TestSeldom asks for the same kind, and for more kinds than are told in an hour.
func TestSeldom(t *testing.T) {
	var s logLimit
	now := time.Unix(1_000_000, 0)
	expect := func(kind string, after time.Duration, want bool) {
		t.Helper()
		if got := s.allow(kind, now.Add(after)); got != want {
			t.Errorf("%s after %v: told %v, expected %v", kind, after, got, want)
		}
	}
	expect("a", 0, true)
	expect("a", time.Minute, false)
	expect("b", time.Minute, true)
	expect("a", time.Hour-1, false)
	expect("a", time.Hour, true)
	expect("a", time.Hour+time.Minute, false)
	for i := range logLimitKinds - 1 {
		expect(fmt.Sprint(i), time.Hour, true)
	}
	expect("one more", time.Hour, false)
	expect("one more", 2*time.Hour, true)
}

package stratum

import (
	"testing"
)

func TestSeenShares(t *testing.T) {
	var s seenShares
	key := func(n int) [32]byte { return fakeHash([32]byte{byte(n), byte(n >> 8)}) }
	for n := range 1 << 13 {
		if !s.first(key(n)) || s.first(key(n)) || s.first(key(n/2)) || s.first(key(0)) {
			t.Fatalf("share %d", n)
		}
	}
	for _, n := range []int{0, 1<<13 - 1} {
		s.forget(key(n))
		if !s.first(key(n)) || s.first(key(n)) {
			t.Errorf("share %d was forgotten, and is a duplicate", n)
		}
	}
}

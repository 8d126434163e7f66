package stratum

import (
	"testing"
)

func TestSeenShares(t *testing.T) {
	var s seenShares
	key := func(n int) [32]byte { return fakeHash([32]byte{byte(n), byte(n >> 8)}) }
	for n := range 3 * mostSeen {
		if !s.first(key(n)) || s.first(key(n)) {
			t.Fatalf("share %d", n)
		}
		if n >= mostSeen/2 && s.first(key(n-mostSeen/2+1)) {
			t.Fatalf("share %d is forgotten already at %d", n-mostSeen/2+1, n)
		}
		if len(s.now)+len(s.before) > mostSeen {
			t.Fatalf("%d are kept", len(s.now)+len(s.before))
		}
	}
	s.forget(key(3*mostSeen - 1))
	if !s.first(key(3*mostSeen - 1)) {
		t.Error("a share that was forgotten is no duplicate")
	}
}

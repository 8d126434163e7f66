package node

import (
	"testing"
	"time"
)

// TestBooksAreReadNoMoreOftenThanTheyCost: not while they are the same, else at once, but a status of old and large books takes seconds, and
// one is asked for each second.
func TestBooksAreReadNoMoreOftenThanTheyCost(t *testing.T) {
	at := time.Now()
	for _, c := range []struct {
		took, age time.Duration
		version   int
		want      bool
	}{
		{time.Millisecond, time.Hour, 7, false}, {time.Millisecond, 49 * time.Millisecond, 8, false}, {time.Millisecond, 50 * time.Millisecond, 8, true},
		{2 * time.Second, 5 * time.Second, 8, false}, {2 * time.Second, 99 * time.Second, 8, false}, {2 * time.Second, 100 * time.Second, 8, true},
	} {
		if got := (lookUp{at, c.took, 7}).old(at.Add(c.age), c.version); got != c.want {
			t.Errorf("read in %s, %s ago, version %d after 7: to be read again: %v, expected %v", c.took, c.age, c.version, got, c.want)
		}
	}
	if !(lookUp{}).old(at, 0) {
		t.Error("never read, and not to be")
	}
}

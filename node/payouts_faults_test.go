package node

import (
	"testing"
	"time"
)

// TestBooksAreReadNoMoreOftenThanTheyCost: a status of old and large books takes seconds, and
// one is asked for each second.
func TestBooksAreReadNoMoreOftenThanTheyCost(t *testing.T) {
	at := time.Now()
	for _, c := range []struct {
		took, age time.Duration
		want      bool
	}{
		{time.Millisecond, readFor - 1, false}, {time.Millisecond, readFor, true},
		{2 * time.Second, readFor, false}, {2 * time.Second, 99 * time.Second, false}, {2 * time.Second, 100 * time.Second, true},
	} {
		if got := (lookUp{at, c.took}).old(at.Add(c.age)); got != c.want {
			t.Errorf("read in %s, %s ago: to be read again: %v, expected %v", c.took, c.age, got, c.want)
		}
	}
	if !(lookUp{}).old(at) {
		t.Error("never read, and not to be")
	}
}

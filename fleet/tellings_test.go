package fleet

import (
	"fmt"
	"testing"
	"time"
)

// TestTellingsAreBounded: each reason once a minute, and no more than so many reasons.
func TestTellingsAreBounded(t *testing.T) {
	told, now := newTellings(mostStrange), time.Unix(1000, 0)
	lines := 0
	for second := range 300 { // five minutes
		for i := range 20 {
			if told.worth(fmt.Sprint("a reason ", second*20+i), now) {
				lines++
			}
		}
		now = now.Add(time.Second)
	}
	if lines != 5*mostStrange {
		t.Errorf("%d lines in five minutes, expected %d", lines, 5*mostStrange)
	}
	now = now.Add(time.Hour)
	for i, want := range []bool{true, false, false, true} {
		if got := told.worth("the same", now); got != want {
			t.Errorf("after %d s: %v, expected %v", i*20, got, want)
		}
		now = now.Add(20 * time.Second)
	}
}

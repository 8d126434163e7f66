package rig

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestPauses grow, and are up to a half shorter, at random.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := make(map[time.Duration]bool)
		for range 20 {
			p := newPause()
			if p.used() {
				t.Error("a new pause is used")
			}
			for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
				start := time.Now()
				p.wait(t.Context(), nil)
				took := time.Since(start)
				if took < want*time.Second/2 || took >= want*time.Second || !p.used() {
					t.Errorf("a pause of %v took %v", want*time.Second, took)
				}
				seen[took] = true
			}
		}
		if len(seen) < 100 {
			t.Errorf("%d lengths of 140 pauses", len(seen))
		}
	})
}

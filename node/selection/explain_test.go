package selection

import (
	"maps"
	"testing"
)

// TestSkipped: what was chosen is a candidate, and not left out.
func TestSkipped(t *testing.T) {
	s := &Selector{}
	if candidates, skipped := s.Skipped(); candidates != 0 || len(skipped) != 0 {
		t.Errorf("before the first choice: %d candidates, skipped %v", candidates, skipped)
	}
	s.last.Store(&lastChoice{Summary: Summary{Counts: map[Fate]int{Chosen: 5, LowFee: 2, Spent: 1}}})
	candidates, skipped := s.Skipped()
	if want := map[string]int{"low-fee": 2, "spent": 1}; candidates != 8 || !maps.Equal(skipped, want) {
		t.Errorf("%d candidates, skipped %v, expected 8 and %v", candidates, skipped, want)
	}
}

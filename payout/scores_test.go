package payout

import (
	"strings"
	"testing"
)

// TestACutOfScoresIsTold: from c/(1−o) of 20 to 1 they come to more than a block.
func TestACutOfScoresIsTold(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: DGM, CMillionths: 20_000, OMillionths: 995_000})
	change := func(o uint32) (id uint32) {
		t.Helper()
		policy, err := p.books.SetPolicy(Policy{Scheme: DGM, CMillionths: 20_000, OMillionths: o})
		if err != nil {
			t.Fatal(err)
		}
		return policy.ID
	}
	told := func() (n int) {
		t.Helper()
		notes, err := p.books.Notes()
		if err != nil {
			t.Fatal(err)
		}
		for _, note := range notes {
			if strings.Contains(note.Text, "cut") {
				n++
			}
		}
		return n
	}
	for range 40 {
		p.share("A", quarter, 1)
	}
	p.share("A", quarter, change(999_000)) // Each score is paid by more blocks: nothing is lost.
	p.found(true)
	p.step()
	if told() != 0 {
		t.Error("a cut is told, and there was none")
	}
	last := change(980_000)
	p.share("A", quarter, last)
	p.found(true)
	p.step()
	p.share("A", quarter, last)
	p.found(true)
	p.step()
	if n := told(); n != 1 {
		t.Errorf("a cut is told %d times, expected once", n)
	}
	p.verified()
}

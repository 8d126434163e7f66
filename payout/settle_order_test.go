package payout

import (
	"testing"
	"time"
)

// TestABlockFoundWithinAPass: a block is found between the look at the journal and the look at
// the end of the log: what comes behind its share must not be scored before it.
func TestABlockFoundWithinAPass(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: DGM, CMillionths: 500_000, OMillionths: 500_000})
	p.now = time.Now()
	p.share("A", quarter, 1)
	p.step()
	var height uint64
	p.settler.candidates = func() ([]Candidate, error) {
		before := p.candidates
		if len(before) == 0 {
			p.share("B", quarter, 1)
			height = p.found(true).Height
			p.share("C", quarter, 1)
		}
		return before, nil
	}
	p.step()
	p.step()
	hash, _ := p.chain.MainHash(height)
	m, err := p.books.Manifest(hash)
	must(t, err)
	if m == nil || m.Note != "" || m.Last != 1 {
		t.Errorf("manifest %+v, expected shares up to 1 and no note", m)
	}
}

// TestBooksBegunWithTheClockAhead: the books were begun while the clock was two days ahead. A block of
// a device, which leaves no share of its own in the log, is its owner's all the same.
func TestBooksBegunWithTheClockAhead(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	p.now = time.Now().Add(48 * time.Hour)
	_, err := p.books.SetPolicy(Policy{Scheme: PPLNS, WindowMilli: 2000})
	must(t, err)
	p.step()
	p.now = time.Now().Add(-time.Minute) // It is set right.
	p.share("A", quarter, 1)
	b := p.found(false)
	p.step()
	if _, ok, why, err := p.books.Explain(b.Hash()); !ok || err != nil {
		t.Errorf("not split: %q, %v", why, err)
	}
}

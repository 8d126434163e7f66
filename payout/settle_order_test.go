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

// TestBlocksOfLostBooksAreNotSplitAgain by new ones, whatever time the first share of these has.
func TestBlocksOfLostBooksAreNotSplitAgain(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: Solo})
	p.share("A", quarter, 1)
	old := p.found(false) // A device's: it has no share.
	p.step()
	p.manifest(old)
	must(t, p.books.Close())
	p.open(pathIn(t))
	p.now = p.now.Add(30 * 24 * time.Hour)
	p.books.now = func() time.Time { return p.now }
	_, err := p.books.SetPolicy(Policy{Scheme: Solo})
	must(t, err)
	all := p.candidates
	p.candidates = nil
	p.step()
	p.log.add(time.Unix(0, 0), "B", quarter, 1) // A clock of 1970 at a start.
	p.share("B", quarter, 1)
	p.candidates = all
	p.step()
	if m, err := p.books.Manifest(old.Hash()); m != nil || err != nil {
		t.Errorf("split once more: %+v %v", m, err)
	}
}

package payout

import "testing"

// TestAnOlderCopyOfTheLog: the rigs' ledger is put back from a copy, and its numbers are given again.
// Blocks that were split before can't be verified any more, which is no error of the books.
func TestAnOlderCopyOfTheLog(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 2000})
	for range 12 {
		p.share("A", quarter, 1)
	}
	p.step()
	p.share("A", quarter, 1)
	p.share("B", quarter, 1)
	p.found(true)
	p.step()
	p.verified()
	p.log.shares = p.log.shares[:12] // The copy.
	clear(p.log.solved)
	p.step() // The node starts.
	for range 4 {
		p.share("C", quarter, 1)
	}
	p.found(true)
	p.step()
	if r := p.verified(); r.Verified != 1 || len(r.Gone) != 1 {
		t.Errorf("verified %+v, expected the latest block, and the shares of the other gone", r)
	}
}

// TestASecondOlderCopyKeepsTheGap: the scores lack shares of the first one still, and a block that they split is no other split by that.
func TestASecondOlderCopyKeepsTheGap(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: DGM, CMillionths: 500_000, OMillionths: 500_000})
	const tenth = (1<<64 - 1) / 10
	for range 10 {
		p.share("A", tenth, 1)
	}
	p.step() // Folded up to 10.
	p.log.shares = p.log.shares[:5]
	p.step() // First copy: gap.
	_, err := p.books.SetPolicy(Policy{Scheme: Solo})
	must(t, err)
	for range 4 {
		p.share("B", tenth, 2)
	}
	p.found(true)
	if _, err := p.settler.Step(); err != nil { // No minute has gone since the last fold.
		t.Fatal(err)
	}
	p.log.shares = p.log.shares[:6]
	clear(p.log.solved)
	p.step() // Second copy.
	_, err = p.books.SetPolicy(Policy{Scheme: DGM, CMillionths: 500_000, OMillionths: 500_000})
	must(t, err)
	p.share("C", tenth, 3)
	p.found(true)
	p.step()
	p.verified()
}

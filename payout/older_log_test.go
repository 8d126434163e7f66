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

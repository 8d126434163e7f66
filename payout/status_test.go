package payout

import "testing"

// TestTheOperatorIsNoOwner: his shares count, and he is not among the owners of a block.
func TestTheOperatorIsNoOwner(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 2000, FeeBP: 100})
	for _, owner := range []string{"A", "", "B", "A"} {
		p.share(owner, quarter, 1)
	}
	b := p.found(true)
	p.step()
	m := p.manifest(b)
	if n, own := m.Owners(); n != 2 || own == 0 || own != p.amounts(b)[""] {
		t.Errorf("%d owners and %d of the operator's own, of %v", n, own, p.amounts(b))
	}
	s, err := p.books.Status(0)
	if want := b.Height + 99; err != nil || s.PayableAt != want {
		t.Errorf("it is payable at %d, %v, expected %d", s.PayableAt, err, want)
	}
	grow(p.chain, 98)
	p.step()
	if s, err := p.books.Status(0); err != nil || s.Payable != 0 {
		t.Errorf("payable a block early: %+v, %v", s, err)
	}
	grow(p.chain, 1)
	p.step()
	if s, err := p.books.Status(0); err != nil || s.Payable == 0 || s.PayableAt != 0 {
		t.Errorf("not payable when it may be spent: %+v, %v", s, err)
	}
}

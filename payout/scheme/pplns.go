package scheme

import (
	"math/big"
	"slices"
)

// Terms are what the policy of a PPLNS share says.
type Terms struct {
	// XMilli is the length of the window, X, in thousandths of an expected block.
	XMilli uint32
	// FeeBP is the operator's fee in hundredths of a percent.
	FeeBP uint32
}

// Window collects the shares among which PPLNS splits one block, exactly for any mix of
// share sizes.
//
// On the axis of accumulated work the winning share occupies (a, b], and the block was found
// at a point y somewhere in it, none likelier than another. At y the window is (y−X, y]. So a
// share that occupies (p, q] counts the mean over y of the length of (p, q] ∩ (y−X, y]: all
// of it between the ends, half of the winner, of the oldest a fraction. A share with an X of
// its own counts that length by its own X. A Window is for one goroutine.
type Window struct {
	terms  []Terms
	reach  []Sum // each terms' X as work
	most   Sum   // the largest of them
	winner uint64
	depth  Sum // the work between the winner and the next older share
	shares int

	whole  [][]Sum               // by terms and owner: work that lies in the window wherever y is
	border []map[uint32]*big.Int // the same for what lies in it in part: twice the integral over y
}

// NewWindow returns an empty window for shares of these terms.
func NewWindow(terms ...Terms) *Window {
	w := &Window{
		terms: terms, reach: make([]Sum, len(terms)), whole: make([][]Sum, len(terms)),
		border: make([]map[uint32]*big.Int, len(terms)),
	}
	for i, t := range terms {
		w.reach[i], w.border[i] = blocks128(t.XMilli), make(map[uint32]*big.Int)
		if w.most.less(w.reach[i]) {
			w.most = w.reach[i]
		}
	}
	return w
}

// Reaches reports whether a share of these terms, were it the next to be added, would count.
func (w *Window) Reaches(terms int) bool { return w.depth.less(w.reach[terms]) }

// Add adds a share: first the winner, then the others from the latest to the oldest. owner is
// a small number of the caller's, and terms an index of NewWindow's. It returns false once
// no older share can be in the window.
func (w *Window) Add(owner uint32, work uint64, terms int) (more bool) {
	w.shares++
	if w.shares == 1 {
		w.winner = max(work, 1) // No work at all still has a place.
		w.addBorder(owner, terms, winnersPart(w.winner, w.reach[terms].Big()))
		return true
	}
	far := w.depth.Plus(work)
	if !w.reach[terms].less(far.Plus(w.winner)) {
		w.addWhole(owner, terms, work)
	} else if w.Reaches(terms) {
		w.addBorder(owner, terms, w.part(work, w.reach[terms].Big()))
	}
	w.depth = far
	return w.depth.less(w.most)
}

func (w *Window) addWhole(owner uint32, terms int, work uint64) {
	list := w.whole[terms]
	if int(owner) >= len(list) {
		list = append(list, make([]Sum, int(owner)+1-len(list))...)
		w.whole[terms] = list
	}
	list[owner] = list[owner].Plus(work)
}

func (w *Window) addBorder(owner uint32, terms int, twice *big.Int) {
	sum := w.border[terms][owner]
	if sum == nil {
		sum = new(big.Int)
		w.border[terms][owner] = sum
	}
	sum.Add(sum, twice)
}

// winnersPart is twice ∫ min(y, X) dy over y from 0 to v: the winner's own part.
func winnersPart(v uint64, x *big.Int) *big.Int { return twiceRamp(new(big.Int).SetUint64(v), x) }

// part is twice the integral over y from 0 to the winner's work, of the length that a share
// at the window's depth has in common with the window. At y the window ends X−y below 0.
func (w *Window) part(work uint64, x *big.Int) *big.Int {
	length, left := new(big.Int).SetUint64(work), new(big.Int).Sub(x, w.depth.Big())
	far := new(big.Int).Sub(left, new(big.Int).SetUint64(w.winner))
	return new(big.Int).Sub(twiceRamp(left, length), twiceRamp(far, length))
}

// twiceRamp is twice ∫ min(max(s, 0), most) ds up to t.
func twiceRamp(t, most *big.Int) *big.Int {
	switch {
	case t.Sign() <= 0:
		return new(big.Int)
	case t.Cmp(most) <= 0:
		return new(big.Int).Mul(t, t)
	}
	twice := new(big.Int).Lsh(t, 1)
	return twice.Sub(twice, most).Mul(twice, most)
}

// Full reports whether the shares fill the window. If they don't, the block is split among
// what there is.
func (w *Window) Full() bool { return w.shares > 0 && !w.depth.less(w.most) }

// Parts are exact parts of a block over a common denominator: owner i gets Net[i]/Total of
// it, the operator's fee is Fee/Total, and all of them make Total.
type Parts struct {
	Net        map[uint32]*big.Int
	Fee, Total *big.Int
}

// Parts are those of the shares that were added. Total is 0 if there are none.
func (w *Window) Parts() Parts {
	p := Parts{Net: make(map[uint32]*big.Int), Fee: new(big.Int), Total: new(big.Int)}
	common := big.NewInt(1)
	for _, x := range distinct(w.reach) {
		common.Mul(common, x.Big())
	}
	for i, t := range w.terms {
		scale := new(big.Int).Quo(common, w.reach[i].Big())
		for owner, twice := range w.twice(i) {
			gross := twice.Mul(twice, scale)
			fee := new(big.Int).Mul(gross, big.NewInt(int64(t.FeeBP)))
			p.Fee.Add(p.Fee, fee)
			gross.Mul(gross, big.NewInt(allBP))
			p.Total.Add(p.Total, gross)
			if p.Net[owner] == nil {
				p.Net[owner] = new(big.Int)
			}
			p.Net[owner].Add(p.Net[owner], gross.Sub(gross, fee))
		}
	}
	return p
}

// allBP is 100 % in hundredths of a percent.
const allBP = 10_000

// twice is twice the integral of each owner under some terms.
func (w *Window) twice(terms int) map[uint32]*big.Int {
	all := make(map[uint32]*big.Int)
	for owner, sum := range w.border[terms] {
		all[owner] = new(big.Int).Set(sum)
	}
	double := new(big.Int).Lsh(new(big.Int).SetUint64(w.winner), 1)
	for owner, work := range w.whole[terms] {
		if work == (Sum{}) {
			continue
		}
		sum := work.Big()
		sum.Mul(sum, double)
		if other := all[uint32(owner)]; other != nil {
			sum.Add(sum, other)
		}
		all[uint32(owner)] = sum
	}
	return all
}

// distinct are the values of a list, each once.
func distinct(list []Sum) (once []Sum) {
	for _, x := range list {
		if !slices.Contains(once, x) {
			once = append(once, x)
		}
	}
	return once
}

package scheme

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestPPLNSIsFairForEachShare: a share brings on average, over all that may win in the rest of
// a history, exactly what it was worth: whatever its size and age, whatever the sizes of the
// others, and whatever retargets come. For then neither hopping nor size nor a retarget can
// gain. It is exact: each later share wins with the probability of its work, and its window
// says what this one gets.
func TestPPLNSIsFairForEachShare(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	checked := 0
	for range long(60) {
		shares := randomHistory(r, 1)
		x := uint32(50 + r.IntN(1500))
		whole, at := blocks128(x), make([]Sum, len(shares)+1)
		for i, s := range shares {
			shares[i].owner = uint32(i) // Each stands for itself.
			shares[i].work = max(s.work, 1)
			at[i+1] = at[i].Plus(shares[i].work)
		}
		brings := make([]*big.Rat, len(shares))
		for i := range brings {
			brings[i] = new(big.Rat)
		}
		for j := range shares {
			w := NewWindow(Terms{XMilli: x})
			for i := j; i >= 0 && w.Add(uint32(i), shares[i].work, 0); i-- {
				continue
			}
			p := w.Parts()
			for i, net := range p.Net {
				part := new(big.Rat).SetFrac(net, p.Total)
				brings[i].Add(brings[i], part.Mul(part, new(big.Rat).SetInt(new(big.Int).SetUint64(shares[j].work))))
			}
		}
		for i, s := range shares {
			// Only where all windows that it may be in are full, and in this history.
			if at[i].less(whole) || at[len(shares)].less(at[i+1].add(whole)) {
				continue
			}
			checked++
			if want := new(big.Rat).SetInt(new(big.Int).SetUint64(s.work)); brings[i].Cmp(want) != 0 {
				t.Fatalf("share %d of %d, X = %d: worth %v, brings %v", i, len(shares), x, want, brings[i])
			}
		}
	}
	if checked < 300 {
		t.Errorf("%d shares were looked at", checked)
	}
}

// copied is a state that goes a way of its own.
func copied(g *DGM) *DGM {
	c := &DGM{terms: g.terms, n: g.n, d: g.d, s: new(big.Int).Set(g.s), scores: maps.Clone(g.scores)}
	for owner, score := range c.scores {
		c.scores[owner] = new(big.Int).Set(score)
	}
	return c
}

// future is what an owner is paid on average over some shares of others, in blocks, and by
// scores after them: by a tree in which each share wins or not. Before some shares the terms
// change.
func future(t *testing.T, g *DGM, works []uint64, terms map[int]DGMTerms) float64 {
	t.Helper()
	if change, ok := terms[len(works)]; ok {
		g = copied(g)
		cut, err := g.SetTerms(change)
		if cut || err != nil {
			t.Fatalf("terms %v: cut %v, %v", change, cut, err)
		}
	}
	if len(works) == 0 {
		return worth(g, "A")
	}
	g = copied(g)
	g.Share("B", works[0], 0)
	u := blocksOf(works[0])
	loses := future(t, g, works[1:], terms)
	pay, _ := g.Block(simReward)
	return (1-u)*loses + u*(float64(pay["A"])/simReward+future(t, g, works[1:], terms))
}

// worth is what a score brings on average, in blocks: S/s·c/(1−o).
func worth(g *DGM, owner string) float64 {
	if g.scores[owner] == nil {
		return 0
	}
	return ratio(g.scores[owner], g.s) * float64(g.terms.CMillionths) / float64(million-g.terms.OMillionths)
}

// TestDGMIsFairForEachShare: a share brings on average (1−c)·u, whatever went before it and
// whatever shares come after it, and a change of terms takes nothing from it and adds nothing.
// It is exact, by a recursion over which of them win.
func TestDGMIsFairForEachShare(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(13, 14))
	for n := range long(40) {
		list := []DGMTerms{dgmTable[r.IntN(4)].terms, {uint32(10_000 + r.IntN(900_000)), uint32(r.IntN(999_000))}}
		g, err := NewDGM(list[n%2])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range randomHistory(r, 1) {
			g.Share("B", s.work, 0)
			if r.Uint64() < s.work {
				g.Block(simReward)
			}
		}
		work := ofBlocks(1, 1+r.Int64N(50))
		c, u := float64(g.terms.CMillionths)/million, blocksOf(work)
		g.Share("A", work, 0)
		works := make([]uint64, 9)
		for i := range works {
			works[i] = ofBlocks(1, 1+r.Int64N(20))
		}
		changes := map[int]DGMTerms{}
		if n%4 >= 2 {
			changes = aWayThatCutsNothing(t, g, list[n%2], r)
		}
		won := copied(g)
		paid, _ := won.Block(simReward)
		pay := (1-u)*future(t, g, works, changes) + u*(float64(paid["A"])/simReward+future(t, won, works, nil))
		near(t, fmt.Sprintf("history %d, %v then %v: a share of %.4f", n, list[n%2], changes, u), pay, (1-c)*u, 1e-9)
	}
}

// aWayThatCutsNothing are terms to change to before some share, under which even a state whose
// scores come to a whole block is not cut.
func aWayThatCutsNothing(t *testing.T, g *DGM, old DGMTerms, r *rand.Rand) map[int]DGMTerms {
	t.Helper()
	for range 100 {
		terms := DGMTerms{old.CMillionths + uint32(r.IntN(int(million-old.CMillionths))), uint32(r.IntN(int(old.OMillionths) + 1))}
		full := copied(g)
		full.scores["B"] = new(big.Int).Sub(full.s, full.scores["A"])
		if cut, err := full.SetTerms(terms); err == nil && !cut {
			return map[int]DGMTerms{6: terms}
		}
	}
	return map[int]DGMTerms{}
}

// TestSetTermsNeverOwesMoreThanABlock: whatever the terms before and after, the scores come to
// a block at most, and where they are not cut each is worth what it was.
func TestSetTermsNeverOwesMoreThanABlock(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(15, 16))
	cuts, kept := 0, 0
	for n := range long(500) {
		g, err := NewDGM(DGMTerms{uint32(1 + r.IntN(999_999)), uint32(r.IntN(1_000_000))})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range randomHistory(r, 1) {
			g.Share(fmt.Sprint(s.owner), s.work, 0)
		}
		was := make(map[string]float64)
		for owner := range g.scores {
			was[owner] = worth(g, owner)
		}
		cut, err := g.SetTerms(DGMTerms{uint32(1 + r.IntN(999_999)), uint32(r.IntN(1_000_000))})
		if err != nil {
			t.Fatal(err)
		}
		if g.sum().Cmp(g.s) > 0 {
			t.Fatalf("history %d: the scores come to %v blocks", n, ratio(g.sum(), g.s))
		}
		if !cut {
			kept++
			for owner, before := range was {
				if now := worth(g, owner); before > 1e-12 && (now/before < 1-1e-12 || now/before > 1+1e-12) {
					t.Fatalf("history %d: %s was worth %v, and is worth %v", n, owner, before, now)
				}
			}
			continue
		}
		cuts++
		first := 0.0
		for owner, before := range was {
			if before < 1e-9 {
				continue
			}
			left := worth(g, owner) / before
			if first == 0 {
				first = left
			}
			if left > 1 || left/first < 1-1e-6 || left/first > 1+1e-6 {
				t.Fatalf("history %d: %s keeps %v of its worth, others %v", n, owner, left, first)
			}
		}
	}
	if cuts < 50 || kept < 50 {
		t.Errorf("%d were cut and %d were not: the test sees one kind alone", cuts, kept)
	}
}

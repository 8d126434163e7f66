package scheme

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
)

// exactSplit is the largest remainder by definition, in rational numbers: as long as a unit
// is left, it goes to the one who lacks most.
func exactSplit(amount uint64, weights []*big.Int) []uint64 {
	total := new(big.Int)
	for _, w := range weights {
		total.Add(total, w)
	}
	parts, lacks := make([]uint64, len(weights)), make([]*big.Rat, len(weights))
	left := amount
	for i, w := range weights {
		due := new(big.Rat).SetFrac(w, total)
		due.Mul(due, new(big.Rat).SetInt(new(big.Int).SetUint64(amount)))
		whole := new(big.Int).Quo(due.Num(), due.Denom())
		parts[i], lacks[i] = whole.Uint64(), due.Sub(due, new(big.Rat).SetInt(whole))
		left -= parts[i]
	}
	for ; left > 0; left-- {
		most := 0
		for i := range lacks {
			if lacks[i].Cmp(lacks[most]) > 0 {
				most = i
			}
		}
		parts[most]++
		lacks[most].Sub(lacks[most], big.NewRat(1, 1))
	}
	return parts
}

// TestSplitIsExact compares Split with its definition, with ties and zeros among the weights.
func TestSplitIsExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	for n := range histories() {
		weights := make([]*big.Int, 1+r.IntN(12))
		few := r.Int64N(2) == 0
		for i := range weights {
			weights[i] = big.NewInt(r.Int64())
			if few {
				weights[i].SetInt64(r.Int64N(3))
			}
		}
		weights[r.IntN(len(weights))].SetInt64(1 + r.Int64N(5))
		amount := r.Uint64() >> r.IntN(64)
		got, want := Split(amount, weights), exactSplit(amount, weights)
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("split %d: %d by %v is %v, expected %v", n, amount, weights, got, want)
			}
		}
	}
}

// TestPPSIsExact: what was taken so far is always what is owed so far, rounded down once.
func TestPPSIsExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for n := range histories() {
		pps, owed, taken := NewPPS(), make(map[string]*big.Rat), make(map[string]uint64)
		for _, s := range randomHistory(r, 1) {
			owner, block, fee := fmt.Sprint(s.owner), uint64(reward)>>r.IntN(2), uint32(r.IntN(300))
			pps.Share(owner, s.work, block, fee)
			if owed[owner] == nil {
				owed[owner] = new(big.Rat)
			}
			due := new(big.Rat).SetFrac(new(big.Int).SetUint64(s.work), new(big.Int).Lsh(big.NewInt(1), 64))
			due.Mul(due, new(big.Rat).SetInt(new(big.Int).SetUint64(block)))
			owed[owner].Add(owed[owner], due.Mul(due, big.NewRat(int64(allBP-fee), allBP)))
			if r.IntN(4) > 0 {
				continue
			}
			for owner, amount := range pps.Take() {
				taken[owner] += amount
			}
			for owner, due := range owed {
				if want := new(big.Int).Quo(due.Num(), due.Denom()).Uint64(); taken[owner] != want {
					t.Fatalf("history %d: owner %s got %d, expected %d", n, owner, taken[owner], want)
				}
			}
		}
	}
}

// TestARigUnderMoreNamesGainsNothing splits the rig of one owner into more names: under no scheme they
// have more than a neu a name beyond what the one had.
func TestARigUnderMoreNamesGainsNothing(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 10))
	for n := range histories() / 10 {
		shares, names := randomHistory(r, 1), uint32(2+r.IntN(20))
		split := append([]aShare(nil), shares...)
		for i := range split {
			if split[i].owner == 0 {
				split[i].owner = 100 + r.Uint32N(names)
			}
		}
		for kind, income := range map[string]func([]aShare) map[uint32]uint64{"pplns": pplnsIncome, "dgm": dgmIncome, "pps": ppsIncome} {
			one, many := income(shares)[0], uint64(0)
			for owner, amount := range income(split) {
				if owner >= 100 {
					many += amount
				}
			}
			if many > one+uint64(names) {
				t.Fatalf("history %d, %s: %d names get %d, one gets %d", n, kind, names, many, one)
			}
		}
	}
}

// pplnsIncome is what each owner gets of a block that the last share made.
func pplnsIncome(shares []aShare) map[uint32]uint64 {
	w := NewWindow(Terms{XMilli: 2000})
	for i := len(shares) - 1; i >= 0; i-- {
		if !w.Add(shares[i].owner, shares[i].work, 0) {
			break
		}
	}
	p := w.Parts()
	var owners []uint32
	var weights []*big.Int
	for owner := uint32(0); owner < 200; owner++ {
		if p.Net[owner] != nil {
			owners, weights = append(owners, owner), append(weights, p.Net[owner])
		}
	}
	all := make(map[uint32]uint64)
	for i, amount := range Split(reward, weights) {
		all[owners[i]] = amount
	}
	return all
}

func dgmIncome(shares []aShare) map[uint32]uint64 {
	g, _ := NewDGM(DGMTerms{20_000, 995_000})
	for _, s := range shares {
		g.Share(fmt.Sprint(s.owner), s.work, 0)
	}
	pay, _ := g.Block(reward)
	return byNumber(pay)
}

func ppsIncome(shares []aShare) map[uint32]uint64 {
	p := NewPPS()
	for _, s := range shares {
		p.Share(fmt.Sprint(s.owner), s.work, reward, 0)
	}
	return byNumber(p.Take())
}

func byNumber(pay map[string]uint64) map[uint32]uint64 {
	all := make(map[uint32]uint64)
	for name, amount := range pay {
		var owner uint32
		_, _ = fmt.Sscan(name, &owner)
		all[owner] = amount
	}
	return all
}

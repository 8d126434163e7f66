package scheme

import (
	"maps"
	"math"
	"math/big"
	"testing"
)

// reward is that of a block in the examples, in neu.
const reward = 41_250_000_000

// ofBlocks is so many blocks as work, rounded down.
func ofBlocks(n, d int64) uint64 {
	w := new(big.Int).Lsh(big.NewInt(n), 64)
	if w.Quo(w, big.NewInt(d)); !w.IsUint64() {
		return math.MaxUint64
	}
	return w.Uint64()
}

// TestPPLNSExample is the worked example of docs/payouts.md.
func TestPPLNSExample(t *testing.T) {
	w := NewWindow(Terms{XMilli: 2000})
	shares := []uint32{0, 0, 1, 0, 2, 1, 0, 1, 0, 2} // A A B A C B A B A C, the last one wins
	more := true
	for i := len(shares) - 1; i >= 1; i-- { // The first one is too far away.
		if !more {
			t.Fatalf("share %d is not asked for", i)
		}
		more = w.Add(shares[i], ofBlocks(1, 4), 0)
	}
	if more || !w.Full() {
		t.Errorf("more %v, full %v", more, w.Full())
	}
	p := w.Parts()
	got := Split(reward, []*big.Int{p.Net[0], p.Net[1], p.Net[2]})
	if want := [3]uint64{18_046_875_000, 15_468_750_000, 7_734_375_000}; [3]uint64(got) != want || p.Fee.Sign() != 0 {
		t.Errorf("%v with a fee of %v, expected %v and none", got, p.Fee, want)
	}
}

// TestDGMExample is the worked example of docs/payouts.md.
func TestDGMExample(t *testing.T) {
	g, err := NewDGM(DGMTerms{500_000, 500_000})
	if err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{"A", "B", "A"} {
		g.Share(owner, ofBlocks(1, 10), 0)
	}
	pay, operator := g.Block(reward)
	want := map[string]uint64{"A": 3_745_950_761, "B": 1_870_748_299}
	if !maps.Equal(pay, want) || operator != reward-3_745_950_761-1_870_748_299 {
		t.Errorf("%v and %d, expected %v and the rest", pay, operator, want)
	}
}

// TestSplitExample: sums are exact, and the first of equal ones gets what is left.
func TestSplitExample(t *testing.T) {
	one := big.NewInt(1)
	if got := Split(100, []*big.Int{one, one, one}); [3]uint64(got) != [3]uint64{34, 33, 33} {
		t.Error(got)
	}
	if got := Split(100, []*big.Int{new(big.Int), new(big.Int)}); got[0]+got[1] != 0 {
		t.Error(got)
	}
	if Fee(reward, 100) != 412_500_000 || Fee(99, 100) != 0 || Fee(math.MaxUint64, allBP) != math.MaxUint64 {
		t.Error("fee")
	}
}

// TestReserves: f = 5 % and δ = 0.001 take 69.1 blocks by Rosenfeld's approximation, 66.8
// exactly.
func TestReserves(t *testing.T) {
	if a, e := ReserveApprox(1e-3, 0.05), ReserveFor(1e-3, 0.05); math.Abs(a-69.1) > 0.05 || math.Abs(e-66.8) > 0.05 {
		t.Errorf("%.2f and %.2f", a, e)
	}
	for _, f := range []float64{0.001, 0.01, 0.05, 0.3, 0.9} {
		theta := ruinExponent(f)
		if off := (1-f)*theta - 1 + math.Exp(-theta); theta <= 0 || math.Abs(off) > 1e-12 {
			t.Errorf("fee %v: θ = %v is off by %v", f, theta, off)
		}
		if p := RuinProbability(ReserveFor(0.01, f), f); math.Abs(p-0.01) > 1e-9 {
			t.Errorf("fee %v: a reserve for 0.01 is ruined with %v", f, p)
		}
	}
	if RuinProbability(10, 0) != 1 || RuinProbability(10, 1) != 0 || RuinProbability(0, 0.1) != 1 {
		t.Error("ends")
	}
}

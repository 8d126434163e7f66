package scheme

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// histories is how many random histories the fast arithmetic is compared with the exact one
// on.
func histories() int {
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		return 100_000
	}
	return 10_000
}

// aShare is one of a random history.
type aShare struct {
	owner uint32
	work  uint64
	terms int
}

// randomHistory has shares of sizes 1:1000, retargets that double and halve what a share is
// worth, and now and then a tie of equal shares.
func randomHistory(r *rand.Rand, terms int) []aShare {
	shares := make([]aShare, 1+r.IntN(60))
	size := ofBlocks(1, 1+r.Int64N(40_000))
	tie := r.IntN(5) == 0
	for i := range shares {
		switch r.IntN(12) {
		case 0:
			size *= 2
		case 1:
			size = max(1, size/2)
		}
		work := size
		if !tie {
			high, low := new(big.Int).SetUint64(size), big.NewInt(1+r.Int64N(1000))
			if high.Mul(high, low); high.IsUint64() {
				work = high.Uint64()
			}
		}
		shares[i] = aShare{uint32(r.IntN(5)), work, r.IntN(terms)}
	}
	return shares
}

// twiceIntegral is 2 · ∫ over (a, b] of the length of (p, q] ∩ (y−X, y], by the trapezoids between
// the points where the length bends.
func twiceIntegral(a, b, p, q, x *big.Int) *big.Int {
	length := func(y *big.Int) *big.Int {
		from, to := new(big.Int).Sub(y, x), y
		if from.Cmp(p) < 0 {
			from = p
		}
		if to.Cmp(q) > 0 {
			to = q
		}
		if d := new(big.Int).Sub(to, from); d.Sign() > 0 {
			return d
		}
		return new(big.Int)
	}
	points := []*big.Int{a, b}
	for _, bend := range []*big.Int{p, q, new(big.Int).Add(p, x), new(big.Int).Add(q, x)} {
		if bend.Cmp(a) > 0 && bend.Cmp(b) < 0 {
			points = append(points, bend)
		}
	}
	slices.SortFunc(points, (*big.Int).Cmp)
	sum := new(big.Int)
	for i := 1; i < len(points); i++ {
		sides := new(big.Int).Add(length(points[i-1]), length(points[i]))
		sum.Add(sum, sides.Mul(sides, new(big.Int).Sub(points[i], points[i-1])))
	}
	return sum
}

// exactPPLNS splits a block by the definition alone. Works and windows are whole numbers of 2^-64 of a block,
// so that only what is divided by them need be a fraction.
func exactPPLNS(shares []aShare, terms []Terms) (net map[uint32]*big.Rat, fee *big.Rat) {
	at := []*big.Int{new(big.Int)}
	for i, s := range shares {
		at = append(at, new(big.Int).Add(at[i], new(big.Int).SetUint64(s.work)))
	}
	a, b := at[len(shares)-1], at[len(shares)]
	net, fee = make(map[uint32]*big.Rat), new(big.Rat)
	total := new(big.Rat)
	for n, t := range terms {
		x := blocks128(t.XMilli).Big()
		of := make(map[uint32]*big.Int) // what each owner's shares under these terms come to, times X
		for i, s := range shares {
			if s.terms != n {
				continue
			}
			if of[s.owner] == nil {
				of[s.owner] = new(big.Int)
			}
			of[s.owner].Add(of[s.owner], twiceIntegral(a, b, at[i], at[i+1], x))
		}
		for owner, sum := range of {
			part := new(big.Rat).SetFrac(sum, x)
			total.Add(total, part)
			f := new(big.Rat).Mul(part, big.NewRat(int64(t.FeeBP), allBP))
			fee.Add(fee, f)
			if net[owner] == nil {
				net[owner] = new(big.Rat)
			}
			net[owner].Add(net[owner], part.Sub(part, f))
		}
	}
	for owner := range net {
		net[owner].Quo(net[owner], total)
	}
	return net, fee.Quo(fee, total)
}

// TestPPLNSIsExact compares the streaming integers with rational numbers and the definition.
func TestPPLNSIsExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	notFull := 0
	for n := range histories() {
		terms := []Terms{{XMilli: uint32(100 + r.IntN(8000)), FeeBP: uint32(r.IntN(300))}}
		if n%4 == 0 {
			terms = append(terms, Terms{XMilli: uint32(100 + r.IntN(8000)), FeeBP: uint32(r.IntN(300))})
		}
		shares := randomHistory(r, len(terms))
		w := NewWindow(terms...)
		for i := len(shares) - 1; i >= 0; i-- {
			if !w.Add(shares[i].owner, shares[i].work, shares[i].terms) {
				break
			}
		}
		if !w.Full() {
			notFull++
		}
		p := w.Parts()
		net, fee := exactPPLNS(shares, terms)
		if got := new(big.Rat).SetFrac(p.Fee, p.Total); got.Cmp(fee) != 0 {
			t.Fatalf("history %d: fee %v, expected %v", n, got, fee)
		}
		for owner, want := range net {
			part := p.Net[owner]
			if part == nil {
				part = new(big.Int)
			}
			if got := new(big.Rat).SetFrac(part, p.Total); got.Cmp(want) != 0 {
				t.Fatalf("history %d: owner %d gets %v, expected %v", n, owner, got, want)
			}
		}
	}
	if notFull == 0 || notFull == histories() {
		t.Errorf("%d windows of %d are not full: the test sees one kind alone", notFull, histories())
	}
}

// exactDGM is DGM in rational numbers, in Rosenfeld's form: the fee and ρ at the block.
type exactDGM struct {
	rho, o, s *big.Rat
	scores    map[string]*big.Rat
}

func (e *exactDGM) share(owner string, work uint64) {
	u := new(big.Rat).SetFrac(new(big.Int).SetUint64(work), new(big.Int).Lsh(big.NewInt(1), 64))
	if e.scores[owner] == nil {
		e.scores[owner] = new(big.Rat)
	}
	e.scores[owner].Add(e.scores[owner], new(big.Rat).Mul(u, e.s))
	e.s.Mul(e.s, u.Mul(u, e.rho).Add(u, big.NewRat(1, 1)))
}

func (e *exactDGM) block(reward uint64, feeBP uint32) map[string]uint64 {
	pay := make(map[string]uint64)
	for owner, score := range e.scores {
		x := new(big.Rat).Mul(score, e.rho)
		x.Mul(x, big.NewRat(int64(allBP-feeBP), allBP)).Quo(x, e.s).Mul(x, new(big.Rat).SetInt(new(big.Int).SetUint64(reward)))
		if amount := new(big.Int).Quo(x.Num(), x.Denom()).Uint64(); amount > 0 {
			pay[owner] = amount
		}
		score.Mul(score, e.o)
	}
	return pay
}

// TestDGMIsExact compares the fixed point with rational numbers, over some blocks each, with
// the state stored and read in between.
func TestDGMIsExact(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for n := range histories() {
		terms := DGMTerms{uint32(1 + r.IntN(999_999)), uint32(r.IntN(1_000_000))}
		if n%3 == 0 {
			terms = []DGMTerms{{20_000, 995_000}, {500_000, 500_000}, {500_000, 0}}[r.IntN(3)]
		}
		feeBP := uint32(r.IntN(4) * 50)
		g, err := NewDGM(terms)
		if err != nil {
			t.Fatal(err)
		}
		c, o := big.NewRat(int64(terms.CMillionths), million), big.NewRat(int64(terms.OMillionths), million)
		rho := new(big.Rat).Sub(big.NewRat(1, 1), c)
		rho.Mul(rho, new(big.Rat).Sub(big.NewRat(1, 1), o)).Quo(rho, c)
		exact := &exactDGM{rho, o, big.NewRat(1, 1), make(map[string]*big.Rat)}
		for block := range 2 {
			shares := randomHistory(r, 1)
			for _, s := range shares[:min(len(shares), 6)] {
				g.Share(fmt.Sprint(s.owner), s.work, feeBP)
				exact.share(fmt.Sprint(s.owner), s.work)
			}
			got, operator := g.Block(reward)
			want := exact.block(reward, feeBP)
			if !maps.Equal(got, want) {
				t.Fatalf("history %d, block %d, %+v: %v, expected %v", n, block, terms, got, want)
			}
			for _, amount := range got {
				operator += amount
			}
			if operator != reward {
				t.Fatalf("history %d: all parts come to %d", n, operator)
			}
			g = reread(t, g)
		}
	}
}

// reread is a state as it is after a restart.
func reread(t *testing.T, g *DGM) *DGM {
	t.Helper()
	raw, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	again := &DGM{}
	if err := json.Unmarshal(raw, again); err != nil {
		t.Fatal(err)
	}
	return again
}

package scheme

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// probes follow single shares: what each was paid, and when.
type probes struct {
	slots     []probe
	every     int // a probe each so many shares
	pays      []float64
	later     float64 // pay by how much later it came, in blocks
	next, now int
	u         float64
}

type probe struct {
	pay   float64
	since int
	used  bool
}

func newProbes(slots, every int, u float64) *probes {
	return &probes{slots: make([]probe, slots), every: every, u: u}
}

// owner is whose the next share is: 0, or a probe's. The oldest probe ends where a new one
// takes its number.
func (p *probes) owner() uint32 {
	p.now++
	if p.now%p.every != 0 {
		return 0
	}
	slot := p.next % len(p.slots)
	p.next++
	if old := p.slots[slot]; old.used {
		p.pays = append(p.pays, old.pay/p.u)
	}
	p.slots[slot] = probe{since: p.now, used: true}
	return uint32(slot) + 1
}

func (p *probes) paid(pay map[uint32]float64) {
	for owner, amount := range pay {
		if owner > 0 {
			s := &p.slots[owner-1]
			s.pay += amount
			p.later += amount * float64(p.now-s.since) * p.u
		}
	}
}

// figures are the mean that a share brought of what it was worth, its relative deviation, and
// the mean delay.
func (p *probes) figures() (mean, deviation, delay float64) {
	squares := 0.0
	for _, x := range p.pays {
		mean += x
		squares += x * x
	}
	n := float64(len(p.pays))
	delay = p.later / (mean * p.u)
	mean /= n
	return mean, math.Sqrt(squares/n/(mean*mean) - 1), delay
}

// TestPPLNSDeviation: plain simulation. With X = 8 the window has 800 shares.
func TestPPLNSDeviation(t *testing.T) {
	t.Parallel()
	const perBlock = 100
	work := ofBlocks(1, perBlock)
	for _, x := range []uint32{2000, 8000} {
		r, pool, p := rand.New(rand.NewPCG(5, uint64(x))), newPPLNSPool(x, work), newProbes(32, perBlock, 1.0/perBlock)
		for range 20 * perBlock { // The first windows are not full.
			pool.share(0, work, false)
		}
		for range long(int(x)*4) * perBlock { // 32,000 blocks, and 8,000 with X = 2
			p.paid(pool.share(p.owner(), work, wins(r, work)))
		}
		mean, deviation, delay := p.figures()
		near(t, fmt.Sprintf("X = %d: mean", x/1000), mean, 1, 0.03)
		near(t, "deviation", deviation, 1/math.Sqrt(float64(x)/1000), 0.03)
		near(t, "delay", delay, float64(x)/2000, 0.03)
	}
}

// TestPPLNSNeverPaid: exact, as simulation would see thirty such shares in a hundred thousand.
// A share is never paid if none of those wins in whose windows it is.
func TestPPLNSNeverPaid(t *testing.T) {
	t.Parallel()
	const perBlock = 1000
	work := ofBlocks(1, perBlock)
	w := NewWindow(Terms{XMilli: 8000})
	shares := uint32(0)
	for more := true; more; shares++ {
		more = w.Add(shares, work, 0)
	}
	// What is true of a share and those behind it, is of the winner and those before it.
	never, parts := 1.0, w.Parts()
	for owner := range shares {
		if net := parts.Net[owner]; net == nil || net.Sign() <= 0 {
			t.Fatalf("share %d before the winner gets nothing", owner)
		}
		never *= 1 - 1.0/perBlock
	}
	near(t, "never paid", never, 0.00034, 0.03)
}

// dgmTable is the table of docs/payouts.md.
var dgmTable = []struct {
	terms                      DGMTerms
	delay, deviation, variance float64
}{
	{DGMTerms{500_000, 0}, 0.5, 0.577, 0.583},
	{DGMTerms{300_000, 600_000}, 0.75, 0.590, 0.275},
	{DGMTerms{100_000, 900_000}, 1, 0.638, 0.039},
	{DGMTerms{20_000, 995_000}, 4, 0.346, 0.0016},
}

// TestDGMTable: plain simulation of shares. The operator's variance is that of a martingale,
// as what came in by blocks less what is still owed on average, for owing a score S/s costs
// S/s·c/(1−o); its jumps at blocks tell the variance with a hundredth of the shares that
// sums over stretches of blocks would take.
func TestDGMTable(t *testing.T) {
	t.Parallel()
	for _, row := range dgmTable {
		t.Run(fmt.Sprint(row.terms), func(t *testing.T) {
			t.Parallel()
			perBlock, apart, slots := 64, 64, 16
			if row.terms.OMillionths > 990_000 { // Slow, and long in the scores.
				perBlock, apart, slots = 32, 96, 24
			}
			work := ofBlocks(1, int64(perBlock))
			c, o := float64(row.terms.CMillionths)/million, float64(row.terms.OMillionths)/million
			worth := c / (1 - o)
			r, pool, p := rand.New(rand.NewPCG(6, uint64(row.terms.CMillionths))), newDGMPool(t, row.terms), newProbes(slots, apart, 1/float64(perBlock))
			score := func() float64 { return ratio(pool.sum(), pool.s) }
			for range 40 * perBlock {
				pool.share(0, work, wins(r, work))
			}
			n, kept, jumps := 0, 0.0, 0.0
			for range long(20_000) * perBlock {
				pool.share(p.owner(), work, false)
				if !wins(r, work) {
					continue
				}
				before := score()
				all, operator := pool.Block(simReward)
				p.paid(parts(all))
				n, kept = n+1, kept+float64(operator)/simReward
				jump := float64(operator)/simReward + worth*(before-score())
				jumps += jump * jump
			}
			mean, deviation, delay := p.figures()
			near(t, "mean", mean, 1-c, 0.03)
			near(t, "deviation", deviation, row.deviation, 0.03)
			near(t, "delay", delay, row.delay, 0.03)
			near(t, "operator's variance", jumps/float64(n), row.variance, 0.03)
			near(t, "operator's mean", kept/float64(n), c, 0.03)
		})
	}
}

// TestPPSDeviation: each share brings what it is worth, and the operator has the luck of all
// blocks, a variance of B² a block.
func TestPPSDeviation(t *testing.T) {
	t.Parallel()
	r, pool := rand.New(rand.NewPCG(7, 8)), ppsPool{NewPPS()}
	for range 10_000 {
		work := ofBlocks(1, 1+r.Int64N(100_000))
		if paid := pool.share(1, work, wins(r, work))[1] / blocksOf(work); math.Abs(paid-1) > 1e-12 {
			t.Fatalf("a share brings %v of its worth", paid)
		}
	}
	const perBlock = 200
	work := ofBlocks(1, perBlock)
	cost, squares, shares := pool.share(1, work, false)[1], 0.0, long(20_000)*perBlock
	for range shares {
		gain := -cost
		if wins(r, work) {
			gain++
		}
		squares += gain * gain
	}
	near(t, "operator's variance", squares/(float64(shares)/perBlock), 1, 0.03)
}

// TestNoOperatorsRiskByPPLNS: whatever the history, the operator gets the fee and no more.
func TestNoOperatorsRiskByPPLNS(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(9, 10))
	for range 200 {
		w := NewWindow(Terms{XMilli: uint32(100 + r.IntN(4000)), FeeBP: 100})
		for _, s := range randomHistory(r, 1) {
			if !w.Add(s.owner, s.work, 0) {
				break
			}
		}
		p := w.Parts()
		if new(big.Int).Mul(p.Fee, big.NewInt(100)).Cmp(p.Total) != 0 {
			t.Fatalf("a fee of %v of %v", p.Fee, p.Total)
		}
	}
}

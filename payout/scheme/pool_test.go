package scheme

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"testing"
)

// The simulated pools pay a reward so large that what is rounded away is nothing.
const simReward = 1 << 60

// pool is a way of splitting blocks as a simulation sees it.
type pool interface {
	// share takes a share, and says what each owner is paid upon it, as parts of a block.
	share(owner uint32, work uint64, found bool) (pay map[uint32]float64)
}

// pplnsPool is PPLNS by Window. It remembers the shares of the longest window.
type pplnsPool struct {
	terms  Terms
	recent []aShare // a ring
	next   int
}

func newPPLNSPool(xMilli uint32, smallest uint64) *pplnsPool {
	blocks := float64(xMilli)/1000 + 2
	return &pplnsPool{terms: Terms{XMilli: xMilli}, recent: make([]aShare, int(blocks*math.Exp2(64)/float64(smallest)))}
}

func (p *pplnsPool) share(owner uint32, work uint64, found bool) map[uint32]float64 {
	p.recent[p.next%len(p.recent)] = aShare{owner: owner, work: work}
	p.next++
	if !found {
		return nil
	}
	w := NewWindow(p.terms)
	for i := p.next - 1; i >= max(0, p.next-len(p.recent)); i-- {
		if s := p.recent[i%len(p.recent)]; !w.Add(s.owner, s.work, 0) {
			break
		}
	}
	parts, pay := w.Parts(), make(map[uint32]float64)
	for owner, net := range parts.Net {
		pay[owner] = ratio(net, parts.Total)
	}
	return pay
}

// ratio is a/b, for figures of a simulation.
func ratio(a, b *big.Int) float64 {
	x, _ := new(big.Float).SetInt(a).Float64()
	y, _ := new(big.Float).SetInt(b).Float64()
	return x / y
}

// dgmPool is DGM.
type dgmPool struct{ *DGM }

func newDGMPool(t *testing.T, terms DGMTerms) dgmPool {
	t.Helper()
	g, err := NewDGM(terms)
	if err != nil {
		t.Fatal(err)
	}
	return dgmPool{g}
}

func (p dgmPool) share(owner uint32, work uint64, found bool) map[uint32]float64 {
	p.Share(strconv.Itoa(int(owner)), work, 0)
	if !found {
		return nil
	}
	all, _ := p.Block(simReward)
	return parts(all)
}

// parts are amounts of simReward as parts of it.
func parts(amounts map[string]uint64) map[uint32]float64 {
	pay := make(map[uint32]float64, len(amounts))
	for name, amount := range amounts {
		owner, _ := strconv.Atoi(name)
		pay[uint32(owner)] = float64(amount) / simReward
	}
	return pay
}

// ppsPool is PPS, which pays at each share.
type ppsPool struct{ *PPS }

func (p ppsPool) share(owner uint32, work uint64, _ bool) map[uint32]float64 {
	p.Share(strconv.Itoa(int(owner)), work, simReward, 0)
	return parts(p.Take())
}

// proportionalPool splits each block by the work since the last one: what is refused, as it
// can be hopped.
type proportionalPool struct {
	work  map[uint32]float64
	total float64
}

func (p *proportionalPool) share(owner uint32, work uint64, found bool) map[uint32]float64 {
	if p.work == nil {
		p.work, p.total = make(map[uint32]float64), 0
	}
	p.work[owner] += float64(work)
	p.total += float64(work)
	if !found {
		return nil
	}
	pay := p.work
	for owner := range pay {
		pay[owner] /= p.total
	}
	p.work = nil
	return pay
}

// countingPool pays the last so many shares alike, whatever their work: what is wrong once
// the difficulty of the network changes.
type countingPool struct {
	recent []uint32
	next   int
}

func (p *countingPool) share(owner uint32, _ uint64, found bool) map[uint32]float64 {
	p.recent[p.next%len(p.recent)] = owner
	p.next++
	if !found {
		return nil
	}
	pay, n := make(map[uint32]float64), min(p.next, len(p.recent))
	for _, owner := range p.recent[:n] {
		pay[owner] += 1 / float64(n)
	}
	return pay
}

// wins decides whether a share of so much work is a block.
func wins(r *rand.Rand, work uint64) bool { return r.Uint64() < work }

// blocksOf is work in blocks.
func blocksOf(work uint64) float64 { return float64(work) * 0x1p-64 }

// batches estimates a mean and its standard error, from sums over stretches long enough to be
// independent of each other.
type batches struct {
	sums  []float64
	n     int
	every int
}

// add adds one value; a stretch has so many.
func (b *batches) add(x float64) {
	if b.n%b.every == 0 {
		b.sums = append(b.sums, 0)
	}
	b.n++
	b.sums[len(b.sums)-1] += x
}

// total is the sum of all, with its standard error.
func (b *batches) total() (sum, sigma float64) {
	for _, x := range b.sums {
		sum += x
	}
	mean, squares := sum/float64(len(b.sums)), 0.0
	for _, x := range b.sums {
		squares += (x - mean) * (x - mean)
	}
	n := float64(len(b.sums))
	return sum, math.Sqrt(squares * n / (n - 1))
}

// near fails where a figure is not within a relative distance of what is expected.
func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got/want-1) > within || math.IsNaN(got) {
		t.Errorf("%s: %.5g, expected %.5g within %.1f %%", what, got, want, 100*within)
	} else {
		t.Logf("%s: %.5g, expected %.5g", what, got, want)
	}
}

// long is n, or ten times that in the long form.
func long(n int) int {
	if histories() > 10_000 {
		return 10 * n
	}
	return n
}

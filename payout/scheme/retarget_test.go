package scheme

import (
	"math"
	"math/rand/v2"
	"testing"
)

const (
	epoch = 192 // shares between two retargets
	edge  = 48  // how many of them are close to one
)

// Who has which shares near a retarget; 0 has all others.
const (
	beforeDoubling = 1 + iota
	behindDoubling
	beforeHalving
	behindHalving
	edges
)

// edgeOwner is whose a share is: by its place in its epoch, and the shares that a block takes
// in the epochs before, at and behind it.
func edgeOwner(at int, last, size, next int64) uint32 {
	switch {
	case at >= epoch-edge && next > size:
		return beforeDoubling
	case at >= epoch-edge:
		return beforeHalving
	case at < edge && last < size:
		return behindDoubling
	case at < edge && last > size:
		return behindHalving
	}
	return 0
}

// retargets has the network's difficulty double or halve again and again, while shares stay
// as difficult as they are: a block takes 32 to 256 of them. It returns for each owner what
// was gained, with its standard error, and the work, in blocks.
func retargets(seed uint64, p pool, epochs int) (gain, sigma, did [edges]float64) {
	r := rand.New(rand.NewPCG(seed, 20))
	var stretches [edges]batches
	for i := range stretches {
		stretches[i].every = 50 * epoch
	}
	last, size, next := int64(64), int64(64), int64(128)
	for i := range epochs * epoch {
		at := i % epoch
		if at == 0 && i > 0 {
			last, size = size, next
			if next = size * 2; size == 256 || size > 32 && r.IntN(2) == 0 {
				next = size / 2
			}
		}
		owner, work := edgeOwner(at, last, size, next), ofBlocks(1, size)
		pay := p.share(owner, work, wins(r, work))
		did[owner] += blocksOf(work)
		for j := range stretches {
			value := pay[uint32(j)]
			if uint32(j) == owner {
				value -= blocksOf(work)
			}
			stretches[j].add(value)
		}
	}
	for j := range stretches {
		gain[j], sigma[j] = stretches[j].total()
	}
	return gain, sigma, did
}

// TestRetargetFavoursNobody: what a share brings does not depend on whether the difficulty of
// the network is about to change, or has just changed. TestPPLNSIsFairForEachShare and
// TestDGMIsFairForEachShare say so exactly.
func TestRetargetFavoursNobody(t *testing.T) {
	t.Parallel()
	smallest := ofBlocks(1, 256)
	for i, c := range []struct {
		what   string
		pool   func(t *testing.T) pool
		keeps  float64
		epochs int
	}{
		{"pplns", func(*testing.T) pool { return newPPLNSPool(4000, smallest) }, 0, long(4000)},
		{"dgm", func(t *testing.T) pool { return newDGMPool(t, DGMTerms{20_000, 995_000}) }, 0.02, long(4000)},
		{"pps", func(*testing.T) pool { return ppsPool{NewPPS()} }, 0, long(100)},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			gain, sigma, did := retargets(uint64(30+i), c.pool(t), c.epochs)
			for owner := range gain {
				got := gain[owner] + c.keeps*did[owner]
				t.Logf("owner %d: %.2f ± %.2f blocks on %.0f", owner, got, sigma[owner], did[owner])
				// The first window and the last one are not full: a few blocks, of any owner.
				if math.Abs(got) > 3*sigma[owner]+1e-6 || sigma[owner] > 0.05*did[owner] {
					t.Errorf("owner %d gains %.2f blocks on %.0f, expected 0 ± %.2f", owner, got, did[owner], 3*sigma[owner])
				}
			}
		})
	}
}

// TestRetargetFavoursSomeByCounting: shares that are counted, not weighed, bring more in front
// of a halving of the difficulty than behind it. The simulation sees that.
func TestRetargetFavoursSomeByCounting(t *testing.T) {
	t.Parallel()
	gain, sigma, did := retargets(33, &countingPool{recent: make([]uint32, 256)}, long(4000))
	for owner := range gain {
		t.Logf("owner %d: %.2f ± %.2f blocks on %.0f", owner, gain[owner], sigma[owner], did[owner])
	}
	if gain[beforeHalving] < 6*sigma[beforeHalving] || gain[beforeDoubling] > -6*sigma[beforeDoubling] {
		t.Errorf("before a halving %.2f ± %.2f, before a doubling %.2f ± %.2f, expected a gain and a loss",
			gain[beforeHalving], sigma[beforeHalving], gain[beforeDoubling], sigma[beforeDoubling])
	}
}

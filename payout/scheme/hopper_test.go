package scheme

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A hopper has a tenth of a pool's rigs, and moves them away whenever the pool's round, the
// work since its last block, has an age at which that pays by the rules of proportional.
// Others' rigs are in their place then: the pool is always as fast.
const (
	hopperEvery = 10
	hopBlock    = 100 // shares a block
	youngRound  = 0.435
)

// hop has a hopper mine in a pool while stay says so of the round's age in blocks, and
// elsewhere else, where work brings what it is worth. It returns what the work in the pool
// brought more than it was worth, in blocks, with its standard error; and both works, in
// blocks.
func hop(seed uint64, p pool, blocks int, stay func(age float64) bool) (gain, sigma, inPool, elsewhere float64) {
	r, work, u := rand.New(rand.NewPCG(seed, 19)), ofBlocks(1, hopBlock), 1.0/hopBlock
	stretches := batches{every: 100 * hopBlock}
	age := 0.0
	const lead, drain = 12, 40 // Blocks in which nobody hops: windows fill, and scores are paid.
	for i := range (lead + blocks + drain) * hopBlock {
		owner := uint32(0)
		hopping := i >= lead*hopBlock && i < (lead+blocks)*hopBlock
		value := 0.0
		if i%hopperEvery == 0 && hopping {
			if stay(age) {
				owner, value, inPool = 1, -u, inPool+u
			} else {
				elsewhere += u
			}
		}
		found := wins(r, work)
		value += p.share(owner, work, found)[1]
		stretches.add(value)
		if age += u; found {
			age = 0
		}
	}
	gain, sigma = stretches.total()
	return gain, sigma, inPool, elsewhere
}

// expIntegral is E1(x) = ∫ e^(−t)/t dt from x on, by its series.
func expIntegral(x float64) float64 {
	sum, term := -0.5772156649015329-math.Log(x), -1.0
	for k := 1; k < 60; k++ {
		term *= -x / float64(k)
		sum += term / float64(k)
	}
	return sum
}

// TestHopperGainsByProportional: a share at the age x of a round brings e^x·E1(x) of its
// worth, which is 1 at 0.435; who leaves there gains 0.435·E1(0.435) = 28 % on all work.
func TestHopperGainsByProportional(t *testing.T) {
	t.Parallel()
	if even := math.Exp(youngRound) * expIntegral(youngRound); math.Abs(even-1) > 1e-3 {
		t.Errorf("at %v a share brings %v of its worth", youngRound, even)
	}
	want := youngRound * expIntegral(youngRound)
	near(t, "the gain by theory", want, 0.28, 0.01)
	gain, sigma, in, elsewhere := hop(1, &proportionalPool{}, long(40_000), func(age float64) bool { return age < youngRound })
	near(t, "the gain on all work", gain/(in+elsewhere), want, 0.03)
	if gain < 20*sigma {
		t.Errorf("%v ± %v blocks: the simulation would not see a hopper", gain, sigma)
	}
}

// TestHopperGainsNothing by the schemes that are here: whether rigs are there in young rounds
// alone or in old ones alone. By dgm all work brings 1−c.
func TestHopperGainsNothing(t *testing.T) {
	t.Parallel()
	young := func(age float64) bool { return age < youngRound }
	old := func(age float64) bool { return age > 1 }
	for i, c := range []struct {
		what   string
		pool   func(t *testing.T) pool
		keeps  float64
		blocks int
	}{
		{"pplns", func(*testing.T) pool { return newPPLNSPool(8000, ofBlocks(1, hopBlock)) }, 0, long(20_000)},
		{"pplns, X = 1", func(*testing.T) pool { return newPPLNSPool(1000, ofBlocks(1, hopBlock)) }, 0, long(20_000)},
		{"dgm", func(t *testing.T) pool { return newDGMPool(t, DGMTerms{20_000, 995_000}) }, 0.02, long(10_000)},
		{"geometric", func(t *testing.T) pool { return newDGMPool(t, DGMTerms{500_000, 0}) }, 0.5, long(10_000)},
		{"pps", func(*testing.T) pool { return ppsPool{NewPPS()} }, 0, long(1000)},
	} {
		t.Run(c.what, func(t *testing.T) {
			t.Parallel()
			for name, stay := range map[string]func(float64) bool{"young": young, "old": old} {
				gain, sigma, in, _ := hop(uint64(10+i), c.pool(t), c.blocks, stay)
				gain += c.keeps * in
				t.Logf("%s rounds: %.2f ± %.2f blocks on %.0f", name, gain, sigma, in)
				if math.Abs(gain) > 3*sigma+1e-9 {
					t.Errorf("%s rounds: a gain of %.2f blocks, expected 0 ± %.2f", name, gain, 3*sigma)
				}
				if sigma > 0.05*in {
					t.Errorf("%s rounds: ± %.2f blocks on %.2f: the simulation sees nothing", name, sigma, in)
				}
			}
		})
	}
}

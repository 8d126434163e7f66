package scheme

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestRuinBySimulation: an operator with a reserve pays 1−f blocks for each block's worth of
// work, and gets blocks at random. Plain simulation, up to a wealth from which ruin is as good
// as out of reach.
func TestRuinBySimulation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ reserve, fee float64 }{{0.5, 0.1}, {3, 0.1}, {8, 0.1}, {1, 0.3}, {4, 0.3}} {
		r := rand.New(rand.NewPCG(21, math.Float64bits(c.reserve+c.fee)))
		safe := c.reserve + ReserveFor(1e-5, c.fee)
		paths, ruined := long(20_000), 0
		for range paths {
			wealth := c.reserve
			for wealth >= 0 && wealth < safe {
				if wealth -= (1 - c.fee) * r.ExpFloat64(); wealth < 0 {
					ruined++
					break
				}
				wealth++
			}
		}
		p, want := float64(ruined)/float64(paths), RuinProbability(c.reserve, c.fee)
		sigma := math.Sqrt(want * (1 - want) / float64(paths))
		t.Logf("%v blocks, a fee of %v: ruined with %.4f, expected %.4f ± %.4f", c.reserve, c.fee, p, want, sigma)
		if math.Abs(p-want) > 3*sigma+1e-5 {
			t.Errorf("%v blocks, a fee of %v: ruined with %.4f, expected %.4f ± %.4f", c.reserve, c.fee, p, want, 3*sigma)
		}
	}
}

// TestRareRuinBySimulation: what happens once in a thousand times or in a million is simulated
// with blocks that are rarer than they are, each path weighed by how much likelier it is then.
// The estimate is right for any rate of blocks; the closer that is to the way in which ruin
// comes, the less it varies.
func TestRareRuinBySimulation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ delta, fee float64 }{{1e-3, 0.05}, {1e-6, 0.05}, {1e-3, 0.01}, {1e-3, 0.2}} {
		reserve := ReserveFor(c.delta, c.fee)
		if c.fee == 0.05 && c.delta == 1e-3 && math.Abs(reserve-66.8) > 0.05 {
			t.Errorf("a reserve of %.2f blocks, expected 66.8", reserve)
		}
		// The rate of blocks at which ruin is certain; 2f is near the best.
		rate := 1 - 2.2*c.fee
		r := rand.New(rand.NewPCG(22, math.Float64bits(c.delta+c.fee)))
		sum, squares, paths := 0.0, 0.0, long(3000)
		for range paths {
			wealth, logWeight := reserve, 0.0
			for {
				gap := r.ExpFloat64() / rate
				if left := wealth / (1 - c.fee); gap > left {
					logWeight -= (1 - rate) * left
					break
				}
				wealth += 1 - (1-c.fee)*gap
				logWeight -= (1-rate)*gap + math.Log(rate)
			}
			weight := math.Exp(logWeight)
			sum, squares = sum+weight, squares+weight*weight
		}
		n := float64(paths)
		mean := sum / n
		sigma := math.Sqrt((squares/n - mean*mean) / n)
		what := fmt.Sprintf("a fee of %v, %.1f blocks", c.fee, reserve)
		t.Logf("%s: ± %.2g", what, sigma)
		near(t, what, mean, c.delta, 0.05)
		if math.Abs(mean-c.delta) > 3*sigma {
			t.Errorf("%s: ruined with %.4g, expected %.4g ± %.2g", what, mean, c.delta, 3*sigma)
		}
	}
}

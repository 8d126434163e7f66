package history

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// simulated is a history with changing speed and difficulty, up to its n-th block. A block
// comes where the sum of hashes by difficulty, from the block before, gets to an
// exponential variable: that is what hashing is, in steps too fine to see.
func simulated(r *rand.Rand, n int) *History {
	s := newSim()
	h := Open(s.config(""))
	h.readTotals()
	exponential := distuv.Exponential{Rate: 1, Src: r}
	speed, left := 100.0, exponential.Rand()
	for found := 0; found < n; {
		if r.IntN(5) == 0 { // A retarget, or rigs that come and go.
			s.totals.Difficulty, speed = math.Exp(6+4*r.Float64()), math.Exp(4+3*r.Float64())
		}
		seconds := 1.0
		if step := speed / s.totals.Difficulty; step < left {
			left -= step
		} else {
			seconds, left = left*s.totals.Difficulty/speed, 0
		}
		s.pass(time.Duration(seconds*float64(time.Second)), speed*seconds)
		h.readTotals()
		if left == 0 {
			found++
			h.count(block(found, s.now))
			left = exponential.Rand()
		}
	}
	return h
}

// uniform is the probability that a sample of the uniform distribution on 0 to 1 is as
// uneven as one is, or more: the test of Kolmogorov and Smirnov, with Stephens's correction
// for few values.
func uniform(values []float64) float64 {
	slices.Sort(values)
	grid := make([]float64, 100_000)
	for i := range grid {
		grid[i] = (float64(i) + 0.5) / float64(len(grid))
	}
	d := stat.KolmogorovSmirnov(values, nil, grid, nil)
	root := math.Sqrt(float64(len(values)))
	lambda, p := (root+0.12+0.11/root)*d, 0.0
	for k := 1.0; k <= 100; k++ {
		p += 2 * math.Pow(-1, k-1) * math.Exp(-2*k*k*lambda*lambda)
	}
	return min(1, max(0, p))
}

// TestLuckIsUniform: of 10,000 simulated histories, as many have a shown probability below
// any p as p says.
func TestLuckIsUniform(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 4))
	var luck, effort, fewer []float64
	for range 10_000 {
		n := 1 + r.IntN(12)
		h := simulated(r, n)
		l, ok := h.Luck(n)
		if !ok || l.Blocks != n || l.Ratio != float64(n)/l.Expected {
			t.Fatalf("%+v of %d blocks", l, n)
		}
		luck = append(luck, l.Chance)
		last, _ := h.Luck(1)
		effort = append(effort, last.Chance)
		// A count is uniform if the step at it is spread, which is done for the test alone.
		mu := 0.5 + 5*r.Float64()
		k := int(distuv.Poisson{Lambda: mu, Src: r}.Rand())
		below := ChanceOfFewer(k-1, mu)
		fewer = append(fewer, below+r.Float64()*(ChanceOfFewer(k, mu)-below))
	}
	for name, values := range map[string][]float64{"of all blocks": luck, "of the last effort": effort, "of a count in a time": fewer} {
		p := uniform(values)
		t.Logf("%s: p = %.3f", name, p)
		if p <= 0.01 {
			t.Errorf("the probability %s is not uniform: p = %v", name, p)
		}
	}
	// The test finds what is not: luck that was looked up by the ratio of means is off.
	for i := range luck {
		luck[i] = math.Pow(luck[i], 1.05)
	}
	if p := uniform(luck); p > 0.01 {
		t.Errorf("values that are a twentieth off pass for uniform: p = %v", p)
	}
}

// TestFormulas compares with values that are known otherwise.
func TestFormulas(t *testing.T) {
	for name, test := range map[string][2]float64{
		"one block at twice its work":      {ChanceOfMoreWork(1, 2), math.Exp(-2)},
		"two at their work":                {ChanceOfMoreWork(2, 2), 3 * math.Exp(-2)},
		"none":                             {ChanceOfMoreWork(0, 5), 1},
		"no work":                          {ChanceOfMoreWork(3, 0), 1},
		"no block where three are to come": {ChanceOfFewer(0, 3), math.Exp(-3)},
		"one or none of three":             {ChanceOfFewer(1, 3), 4 * math.Exp(-3)},
		"less than none":                   {ChanceOfFewer(-1, 3), 0},
		"Poisson's own sum":                {ChanceOfFewer(40, 50), distuv.Poisson{Lambda: 50}.CDF(40)},
		"a day at one a day":               {ChanceWithin(1.0/86400, day), 1 - math.Exp(-1)},
		"hardly any":                       {ChanceWithin(1e-20, time.Second), 1e-20},
	} {
		if math.Abs(test[0]-test[1]) > 1e-9*test[1] {
			t.Errorf("%s: %v, expected %v", name, test[0], test[1])
		}
	}
	o, ok := OddsOf(1000, 864e5) // A block a day.
	if want := (Odds{86400, 1 - math.Exp(-1), 1 - math.Exp(-30), 1}); !ok || !near(o.Seconds, want.Seconds) || !near(o.Day, want.Day) || !near(o.Month, want.Month) || !near(o.Year, want.Year) {
		t.Errorf("odds %+v, expected %+v", o, want)
	}
	for _, unknown := range [][2]float64{{0, 5}, {5, 0}, {math.NaN(), 5}, {-1, 5}} {
		if o, ok := OddsOf(unknown[0], unknown[1]); ok {
			t.Errorf("odds of %v: %+v, expected none", unknown, o)
		}
	}
	if b, ok := Band(400); b != 0.05 || !ok {
		t.Errorf("400 shares are right to %v %v", b, ok)
	}
	if b, ok := Band(0); ok {
		t.Errorf("no share is right to %v", b)
	}
}

// TestWastedHashesAreNoEffort, though they are counted as wasted a moment after they were
// counted as hashes.
func TestWastedHashesAreNoEffort(t *testing.T) {
	s := newSim()
	h := Open(s.config(""))
	h.readTotals()
	for range 100 {
		s.pass(time.Second, 10)
		h.readTotals()
		s.totals.Wasted += 10
		h.readTotals()
		s.pass(time.Second, 30)
		h.readTotals()
	}
	if e, ok := h.Effort(); !ok || !near(e.Value, 3) {
		t.Errorf("of 3000 useful hashes at the difficulty 1000, an effort of %v", e.Value)
	}
	if sum := h.Over(time.Hour); sum.Hashes != 4000 || !near(sum.Expected, 3) {
		t.Errorf("%+v, expected 4000 hashes", sum)
	}
}

// TestBandHoldsTwoThirds: speeds measured by shares are within the band as often as a
// normal variable is within one standard deviation.
func TestBandHoldsTwoThirds(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 5))
	within := 0
	for range 10_000 {
		n := distuv.Poisson{Lambda: 144, Src: r}.Rand() // Twelve a minute for twelve minutes.
		if b, _ := Band(uint64(n)); math.Abs(n/144-1) <= b*n/144 {
			within++
		}
	}
	if within < 6600 || within > 7200 {
		t.Errorf("%d of 10,000 are within the band, expected some 6,900", within)
	}
}

package history

import (
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// The work between two found blocks, by what a block takes on average, has the exponential
// distribution with mean 1, whatever the difficulty and the speed did meanwhile: each hash
// is a block with the probability 1/difficulty, all by themselves, so that blocks come as a
// Poisson process whose clock is Σ hashes/difficulty (M. Rosenfeld, "Analysis of Bitcoin
// Pooled Mining Reward Systems", arXiv:1112.4980, section 1.2). Hence all that follows.

// Luck is how many blocks were found for the work that was done.
type Luck struct {
	// Blocks were found, where Expected were to be found on average.
	Blocks   int     `json:"blocks"`
	Expected float64 `json:"expected_blocks"`
	// Ratio is Blocks by Expected: 1 is neither lucky nor unlucky.
	Ratio float64 `json:"luck"`
	// Chance is the probability of being this unlucky or worse.
	Chance float64 `json:"chance_of_worse"`
}

// LuckOf is that of blocks by the effort of each. It is of the moment of the last block: of
// all moments, the probability is uniform at these.
func LuckOf(efforts []float64) Luck {
	l := Luck{Blocks: len(efforts)}
	for _, e := range efforts {
		l.Expected += e
	}
	if l.Expected > 0 {
		l.Ratio = float64(l.Blocks) / l.Expected
	}
	l.Chance = ChanceOfMoreWork(l.Blocks, l.Expected)
	return l
}

// ChanceOfMoreWork is the probability that n blocks take so much work or more, by what one
// takes on average. The sum of n exponential variables of mean 1 has the Gamma distribution
// of shape n and rate 1; this is its upper tail.
func ChanceOfMoreWork(n int, effort float64) float64 {
	if n <= 0 || effort <= 0 {
		return 1
	}
	return distuv.Gamma{Alpha: float64(n), Beta: 1}.Survival(effort)
}

// ChanceOfFewer is the probability of finding n blocks or fewer with work that is to find
// so many on average: the lower tail of the Poisson distribution. It is of a time that was
// chosen without regard to blocks, such as a day.
func ChanceOfFewer(n int, expected float64) float64 {
	if n < 0 {
		return 0
	}
	// Fewer than n+1 events of a Poisson process: the (n+1)-th takes longer.
	return ChanceOfMoreWork(n+1, expected)
}

// Odds is what a speed can hope for at a difficulty, if both stay.
type Odds struct {
	// Seconds is the time to a block on average, however long none came.
	Seconds float64
	// Day, Month and Year are the probabilities of a block or more in 24 hours, 30 days and
	// 365 days.
	Day, Month, Year float64
}

// OddsOf are those of so many hashes a second, where a block takes difficulty hashes on
// average; false if there are none, or it is not known.
func OddsOf(perSecond, difficulty float64) (Odds, bool) {
	if !(perSecond > 0 && difficulty > 0) {
		return Odds{}, false
	}
	rate := perSecond / difficulty
	return Odds{Seconds: 1 / rate, Day: ChanceWithin(rate, day), Month: ChanceWithin(rate, 30*day), Year: ChanceWithin(rate, 365*day)}, true
}

const day = 24 * time.Hour

// ChanceWithin is the probability of an event or more in a time, where so many come in a
// second on average: 1 - e^(-rate·time).
func ChanceWithin(rate float64, d time.Duration) float64 { return -math.Expm1(-rate * d.Seconds()) }

// Band is by how much a speed that n shares measure may be off, as a part of it: one
// standard deviation of a Poisson count, 1/√n. It is false where there are no shares.
func Band(n uint64) (part float64, known bool) {
	if n == 0 {
		return 0, false
	}
	return 1 / math.Sqrt(float64(n)), true
}

package node

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

// poisson draws a number with a mean.
func poisson(r *rand.Rand, mean float64) (n uint64) {
	if mean > 30 {
		return uint64(max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	for limit, p := math.Exp(-mean), r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

// simulatedRig is a rig whose difficulty follows its shares, as the server's does.
type simulatedRig struct {
	r          *rand.Rand
	hashrate   float64
	difficulty float64
	perMinute  float64 // what the difficulty aims at
	pace       rigPace
}

const paceStep = 5 * time.Second

func newSimulatedRig(r *rand.Rand, perMinute float64) *simulatedRig {
	rate := math.Exp(r.Float64() * 10)
	// It begins at a wrong difficulty, which is found in some minutes.
	return &simulatedRig{r: r, hashrate: rate, perMinute: perMinute, difficulty: rate * 60 / perMinute * math.Exp(r.NormFloat64())}
}

// step has the rig work for a paceStep at a part of its hashrate.
func (s *simulatedRig) step(part float64) {
	n := poisson(s.r, part*s.hashrate*paceStep.Seconds()/s.difficulty)
	s.pace.step(paceStep, n, float64(n)*s.difficulty, s.difficulty)
	if s.r.IntN(24) == 0 { // It is looked at each two minutes, and never quite right.
		s.difficulty = s.hashrate * 60 / s.perMinute * math.Exp(0.2*s.r.NormFloat64())
	}
}

// simulatedDays is how many are simulated.
func simulatedDays(t *testing.T, short, long int) int {
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		return long
	}
	return short
}

// TestHealthyRigsRaiseNoAlarm simulates rigs for a day each, with BYTOM_SOLO_LONG=1 ten
// thousand of them: at most one in two thousand is called degraded or surely silent by chance.
func TestHealthyRigsRaiseNoAlarm(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 5))
	days := simulatedDays(t, 400, 10_000)
	degraded, silent := 0, 0
	for day := range days {
		s := newSimulatedRig(r, []float64{12, 12, 12, 4, 1}[day%5])
		wasSlow, wasSilent := false, false
		for range 24 * time.Hour / paceStep {
			s.step(1)
			_, sure := s.pace.silent()
			wasSlow, wasSilent = wasSlow || s.pace.degraded, wasSilent || sure
		}
		if wasSlow {
			degraded++
		}
		if wasSilent {
			silent++
		}
	}
	t.Logf("of %d healthy rig-days %d had a false 'degraded', %d a false alert 'silent'", days, degraded, silent)
	if most := max(1, days/2000); degraded > most || silent > most*10 {
		t.Errorf("%d and %d false alarms in %d rig-days, expected at most %d and %d", degraded, silent, days, most, most*10)
	}
}

// TestSlowedRigsAreFound halves rigs after a while: they are called degraded within the time
// that docs/design/alerts.md promises, and hashing again after they are.
func TestSlowedRigsAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 6))
	rigs := simulatedDays(t, 200, 2000)
	var found, back []float64 // in shares that were to be expected
	for i := range rigs {
		s := newSimulatedRig(r, []float64{12, 4, 1}[i%3])
		for s.pace.shares < 1000 && s.pace.seconds < 20*3600 {
			s.step(1)
		}
		until := func(part float64, degraded bool) float64 {
			for n := 1; n < 1_000_000; n++ {
				if s.step(part); s.pace.degraded == degraded {
					return float64(n) * paceStep.Minutes() * s.perMinute
				}
			}
			t.Fatalf("rig %d, %v shares a minute: never at %v of its rate: %+v, hashrate %v, difficulty %v", i, s.perMinute, part, s.pace, s.hashrate, s.difficulty)
			return 0
		}
		found = append(found, until(0.5, true))
		back = append(back, until(1, false))
	}
	for name, c := range map[string]struct {
		all          []float64
		median, most float64
	}{"found": {found, 150, 450}, "back": {back, 80, 250}} {
		median, most := quantile(c.all, 0.5), quantile(c.all, 0.99)
		t.Logf("%s: after %.0f shares to be expected, 99 %% within %.0f", name, median, most)
		if median > c.median || most > c.most {
			t.Errorf("%s after %.0f, 99 %% within %.0f; expected %.0f and %.0f", name, median, most, c.median, c.most)
		}
	}
}

// TestMutedRigsAreNotSlow mutes rigs that send many shares: they are silent, and not called
// degraded before that is known.
func TestMutedRigsAreNotSlow(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 7))
	for _, perMinute := range []float64{12, 60, 120, 600} {
		degraded := 0
		for range 100 {
			s := newSimulatedRig(r, perMinute)
			for s.pace.shares < 400 {
				s.step(1)
			}
			for sure := false; !sure; _, sure = s.pace.silent() {
				if s.pace.step(time.Second, 0, 0, s.difficulty); s.pace.degraded {
					degraded++
					break
				}
			}
		}
		if degraded > 2 {
			t.Errorf("with %v shares a minute %d of 100 muted rigs are called degraded", perMinute, degraded)
		}
	}
}

// TestHalfIsKnownWithinTwoMinutes is of rigs that send a share a second and more, each second
// looked at, as the node does.
func TestHalfIsKnownWithinTwoMinutes(t *testing.T) {
	for _, of := range []struct{ perSecond, part float64 }{{1, 0.5}, {2.5, 0.98}} {
		perSecond, part := of.perSecond, of.part
		r := rand.New(rand.NewPCG(17, 3)) // One each: what is drawn for one rate must not shift the other's.
		var found []float64
		for range 2000 {
			s := newSimulatedRig(r, 60*perSecond)
			s.difficulty = s.hashrate / perSecond
			second := func(of float64) {
				n := poisson(s.r, of*perSecond)
				s.pace.step(time.Second, n, float64(n)*s.difficulty, s.difficulty)
			}
			for s.pace.shares < 1000 {
				second(1)
			}
			seconds := 0.0
			for ; !s.pace.degraded && seconds < 3600; seconds++ {
				second(0.5)
			}
			found = append(found, seconds)
		}
		got := quantile(found, part)
		t.Logf("%v shares a second: %.0f %% after %.0f s", perSecond, 100*part, got)
		if got > 120 {
			t.Errorf("with %v shares a second, %.0f %% of the slowed rigs are known after %.0f s, expected 120", perSecond, 100*part, got)
		}
	}
}

func quantile(all []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

package stratum

import (
	"math"
	"testing"
	"time"
)

// evenRig sends its shares at an even rate, of a difficulty that is held where it is.
type evenRig struct {
	v   *vardiff
	now time.Time
}

const heldAt = 1000.0

func newEvenRig() *evenRig {
	r := &evenRig{now: time.Unix(1e9, 0)}
	r.v = newVardiff(vardiffConfig{Start: heldAt, Minimum: heldAt}, r.now)
	return r
}

func (r *evenRig) poll() { r.v.Difficulty(r.now, heldAt) }

// until goes on at a rate of shares per second, none if that is 0, until done, and returns the
// shares and the time that it took. It asks ten times a second.
func (r *evenRig) until(t *testing.T, rate float64, done func() bool) (shares int, took time.Duration) {
	t.Helper()
	start := r.now
	for due := 1.0; !done(); {
		r.now = r.now.Add(100 * time.Millisecond)
		for ; rate > 0 && r.now.Sub(start).Seconds()*rate >= due; due++ {
			r.v.Share(r.now, heldAt)
			shares++
		}
		r.poll()
		if took = r.now.Sub(start); took > time.Hour {
			t.Fatal("an hour has gone by")
		}
	}
	return shares, took
}

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if math.Abs(got-want) > by {
		t.Errorf("%s: %.4g, expected %.4g", what, got, want)
	}
}

// TestVardiffMeasures a rig by 200 shares, or by 100 where these take 90 s.
func TestVardiffMeasures(t *testing.T) {
	for _, c := range []struct{ rate, shares, seconds float64 }{
		{3, 200, 66.7}, {2.4, 200, 83.3}, {1.5, 135, 90}, {1.2, 108, 90}, {1, 100, 100}, {0.5, 100, 200},
	} {
		r := newEvenRig()
		shares, took := r.until(t, c.rate, func() bool { return r.v.grown })
		// The guess at the start counts for half a share.
		near(t, "shares", float64(shares), c.shares, 1)
		near(t, "seconds", took.Seconds(), c.seconds, 1.5)
	}
}

// TestVardiffAims at 12 shares a minute, and at 144 while a rig is measured.
func TestVardiffAims(t *testing.T) {
	r := newEvenRig()
	near(t, "a second, measured", r.v.aim(), 2.4, 1e-9)
	r.until(t, 2.4, func() bool { return r.v.grown })
	near(t, "a second, later", r.v.aim(), 0.2, 1e-9)
	v := newVardiff(vardiffConfig{Fixed: 500, SharesPerMinute: 30}, r.now)
	near(t, "a second, fixed", v.aim(), 0.5, 1e-9)
	near(t, "fixed", v.Difficulty(r.now, noLimit), 500, 0)
	near(t, "fixed, on an easy network", v.Difficulty(r.now, 300), 300, 0)
	near(t, "fixed, under the minimum", newVardiff(vardiffConfig{Fixed: 5, Minimum: 8}, r.now).Difficulty(r.now, noLimit), 8, 0)
	near(t, "nothing set", newVardiff(vardiffConfig{}, r.now).Difficulty(r.now, noLimit), 1, 0)
}

// TestVardiffGivesUp what it knew of a rig when 18 shares in a row are missing, and not
// before.
func TestVardiffGivesUp(t *testing.T) {
	r := newEvenRig()
	r.until(t, 2.4, func() bool { return r.v.grown })
	_, took := r.until(t, 0, func() bool { return !r.v.grown })
	// The silence itself lowers the estimate, which rests on some 200 shares: 18 of it are
	// 18 / (1 - 18/200) of the rate before.
	near(t, "missing shares", took.Seconds()*2.4, 18/(1-18.0/200), 0.5)
}

// TestEvidence is worked by hand: 100 shares in 100 against 40 in 20 is √12.29 = 3.51 standard
// deviations, and a piece does not contradict itself.
func TestEvidence(t *testing.T) {
	a, b := evidence{100, 100}, evidence{40, 20}
	for _, c := range []struct {
		x, y       evidence
		deviations float64
		want       bool
	}{{a, b, 3.5, true}, {a, b, 3.52, false}, {b, a, 3.5, true}, {b, a, 3.52, false}, {a, a, 1e-6, false}, {a, evidence{10, 10}, 0.01, false}} {
		if got := c.x.contradicts(c.y, c.deviations); got != c.want {
			t.Errorf("%v against %v at %v: %v", c.x, c.y, c.deviations, got)
		}
	}
	e := a
	e.add(b)
	if e != (evidence{140, 120}) {
		t.Errorf("together %v", e)
	}
	e.cap(200)
	if e != (evidence{140, 120}) {
		t.Errorf("capped at more: %v", e)
	}
	if e.cap(70); e != (evidence{70, 60}) {
		t.Errorf("capped at half: %v", e)
	}
	near(t, "hashrate", e.hashrate(), 70.0/60, 1e-12)
}

// TestVardiffForgets: what a grown rig is known by is at most 80 shares, and 40 make a
// block that joins them; one that is measured may have 200.
func TestVardiffForgets(t *testing.T) {
	r := newEvenRig()
	mostMeasured := 0.0
	r.until(t, 2.4, func() bool { mostMeasured = max(mostMeasured, r.v.known.shares); return r.v.grown })
	if mostMeasured < 150 || mostMeasured > 200 {
		t.Errorf("measured by %v shares", mostMeasured)
	}
	mostKnown, mostBlock, n := 0.0, 0.0, 0
	r.until(t, 2.4, func() bool {
		if n++; n > 1000 { // Past the first block.
			mostKnown, mostBlock = max(mostKnown, r.v.known.shares), max(mostBlock, r.v.block.shares)
		}
		return n > 3000
	})
	near(t, "known shares", mostKnown, 80, 1e-9)
	near(t, "shares of a block", mostBlock, 40, 1.5)
}

// TestVardiffSteps: no two changes are closer than a second, small ones not than ten; the
// least is a half while a rig is measured and 15 % later, and the largest step down is
// to an eighth.
func TestVardiffSteps(t *testing.T) {
	leastGap, leastSlow, leastGrown, leastYoung, mostDown := time.Hour, time.Hour, 99.0, 99.0, 1.0
	for seed := range uint64(60) {
		r := newSimRig(seed, vardiffConfig{Start: spread(newSimRig(seed, vardiffConfig{}, 1).random, 1, 1e7)}, 850)
		last, before := r.now, r.difficulty
		look := func() {
			if r.difficulty == before {
				return
			}
			ratio := max(r.difficulty/before, before/r.difficulty)
			gap := r.now.Sub(last)
			leastGap = min(leastGap, gap)
			if ratio < 1.49 {
				leastSlow, leastGrown = min(leastSlow, gap), min(leastGrown, ratio)
			}
			if !r.v.grown {
				leastYoung = min(leastYoung, ratio)
			}
			mostDown = max(mostDown, before/r.difficulty)
			last, before = r.now, r.difficulty
		}
		for i := range 900 {
			if i == 500 {
				r.hashrate *= 1.3
			}
			if i == 700 {
				r.hashrate = 0
			}
			r.run(time.Second)
			look()
		}
	}
	near(t, "seconds between changes", leastGap.Seconds(), 1, 1e-9)
	near(t, "the least step", leastGrown, 1.15, 0.02)
	near(t, "the least step at first", leastYoung, 1.5, 0.1)
	near(t, "the largest step down", mostDown, 8, 1e-9)
	if leastSlow < 10*time.Second || leastGrown < 1.15 || leastYoung < 1.5 {
		t.Errorf("%v between small changes of %v", leastSlow, leastGrown)
	}
}

// TestVardiffWorth holds what a change is worth from both sides.
func TestVardiffWorth(t *testing.T) {
	for _, c := range []struct {
		grown bool
		since time.Duration
		ratio float64
		want  bool
	}{
		{false, time.Second, 1.5, true}, {false, 999 * time.Millisecond, 1.5, false}, {false, time.Hour, 1.49, false},
		{false, time.Second, 1 / 1.51, true}, {false, time.Hour, 1 / 1.49, false}, {false, 0, 100, false},
		{true, 10 * time.Second, 1.15, true}, {true, 9999 * time.Millisecond, 1.15, false}, {true, time.Hour, 1.14, false},
		{true, time.Second, 1.5, true}, {true, time.Second, 1.49, false}, {true, 10 * time.Second, 1 / 1.16, true}, {true, time.Second, 1 / 1.51, true},
	} {
		now := time.Unix(1e9, 0)
		v := &vardiff{grown: c.grown, changed: now.Add(-c.since)}
		if got := v.worth(now, c.ratio); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

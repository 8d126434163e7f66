package stratum

import (
	"math"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"
)

const noLimit = 1e15 // a network's difficulty that bounds nothing

// simRig is a rig on a simulated clock, and the server that polls its vardiff.
type simRig struct {
	random   *rand.Rand
	v        *vardiff
	now      time.Time
	hashrate float64
	network  float64
	lag      time.Duration // until a job's shares arrive instead of the one's before
	most     float64       // shares per second that the server takes

	difficulty, before float64 // of the job, and of the one before
	since              time.Time
	jobs, shares       int
	lowest             float64
}

func newSimRig(seed uint64, cfg vardiffConfig, hashrate float64) *simRig {
	r := &simRig{
		random: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0), hashrate: hashrate,
		network: noLimit, lag: 200 * time.Millisecond, most: 300, lowest: math.Inf(1),
	}
	r.v = newVardiff(cfg, r.now)
	r.poll()
	r.before = r.difficulty
	return r
}

func (r *simRig) poll() {
	if d := r.v.Difficulty(r.now, r.network); d != r.difficulty {
		r.before, r.difficulty, r.since = r.difficulty, d, r.now
		r.lowest = min(r.lowest, d)
		r.jobs++
	}
}

// run goes on for a time, in which the server polls every second.
func (r *simRig) run(d time.Duration) {
	for end := r.now.Add(d); r.now.Before(end); r.poll() {
		tick := r.now.Add(time.Second)
		for {
			carried := r.difficulty
			if r.now.Before(r.since.Add(r.lag)) {
				carried = r.before
			}
			rate := min(r.hashrate/carried, r.most)
			wait := time.Duration(r.random.ExpFloat64() / max(rate, 1e-9) * 1e9)
			if change := r.since.Add(r.lag); wait < 0 || r.now.Before(change) && r.now.Add(wait).After(change) {
				wait = change.Sub(r.now) // Without memory, it may start again.
				if r.now = r.now.Add(wait); !r.now.Before(tick) {
					break
				}
				continue
			}
			if r.now.Add(wait).After(tick) {
				break
			}
			r.now = r.now.Add(wait)
			r.v.Share(r.now, carried)
			r.shares++
		}
		r.now = tick
	}
}

// rate is the expected share rate at the present difficulty, as a part of a target.
func (r *simRig) rate(perSecond float64) float64 { return r.hashrate / r.difficulty / perSecond }

func spread(random *rand.Rand, lo, hi float64) float64 {
	return math.Exp(math.Log(lo) + random.Float64()*math.Log(hi/lo))
}

// TestVardiffSettles starts rigs of any hashrate at any difficulty. What counts is the
// expected rate of shares, hashrate by difficulty: the rate that is seen has a spread
// of its own.
func TestVardiffSettles(t *testing.T) {
	runs := 500
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		runs = 20000
	}
	for _, at := range []time.Duration{2 * time.Minute, 10 * time.Minute} {
		missed, jobs, worst := 0, 0, 0.0
		for seed := range runs {
			random := rand.New(rand.NewPCG(uint64(seed), 2))
			hashrate := spread(random, 1, 1e6)
			start := spread(random, 0.01, 1e9)
			r := newSimRig(uint64(seed), vardiffConfig{Start: start, Minimum: 0.01}, hashrate)
			r.lag = time.Duration(random.IntN(1000)) * time.Millisecond
			r.run(at)
			if got := r.rate(0.2); got < 0.7 || got > 1.3 {
				missed++
				t.Logf("seed %d: %.3g H/s from %.3g: %.2f of the rate, %d jobs", seed, hashrate, start, got, r.jobs)
			}
			worst = max(worst, math.Abs(math.Log(r.rate(0.2))))
			jobs += r.jobs
		}
		t.Logf("after %v: %.2f %% outside ±30 %%, the worst off by a factor of %.2f, %.1f jobs a rig",
			at, 100*float64(missed)/float64(runs), math.Exp(worst), float64(jobs)/float64(runs))
		// By chance it is one in 10,000, and the start takes shares of some.
		if float64(missed) > 0.001*float64(runs) {
			t.Errorf("after %v, %d of %d are outside ±30 %%, expected at most 0.1 %%", at, missed, runs)
		}
	}
}

// TestVardiffHoldsStill counts the jobs that an even rig's steering costs.
func TestVardiffHoldsStill(t *testing.T) {
	const rigs, hours = 40, 4
	jobs := 0
	for seed := range uint64(rigs) {
		r := newSimRig(seed, vardiffConfig{Start: 4000}, 850)
		r.run(5 * time.Minute)
		before := r.jobs
		r.run(hours * time.Hour)
		jobs += r.jobs - before
	}
	t.Logf("%.2f changes an hour", float64(jobs)/rigs/hours)
	if jobs > 6*rigs*hours {
		t.Errorf("%d changes in %d hours, expected at most six an hour", jobs, rigs*hours)
	}
}

// TestVardiffFollows changes the hashrate of rigs that have settled.
func TestVardiffFollows(t *testing.T) {
	for _, factor := range []float64{100, 5, 2, 0.5, 0.2, 0.01} {
		missed := 0
		const rigs = 100
		for seed := range uint64(rigs) {
			r := newSimRig(seed, vardiffConfig{Start: 1000}, 850)
			r.run(10 * time.Minute)
			r.hashrate *= factor
			r.run(15 * time.Minute)
			if got := r.rate(0.2); got < 0.7 || got > 1.3 {
				missed++
			}
		}
		t.Logf("by a factor of %v: %d of %d outside ±30 %% a quarter of an hour later", factor, missed, rigs)
		if missed > rigs/10 {
			t.Errorf("by a factor of %v: %d of %d rigs have not settled again", factor, missed, rigs)
		}
	}
}

// TestVardiffSilence stops a rig: it is lowered to the floor and no further, and
// settles again when it is back.
func TestVardiffSilence(t *testing.T) {
	r := newSimRig(7, vardiffConfig{Start: 1000, Minimum: 32}, 5000)
	r.run(5 * time.Minute)
	settled := r.difficulty
	r.hashrate = 0
	r.run(30 * time.Second)
	if r.difficulty != settled {
		t.Errorf("lowered from %v to %v after half a minute, which happens by chance", settled, r.difficulty)
	}
	r.run(4 * time.Minute)
	if r.difficulty > measureStep*32 {
		t.Errorf("difficulty %v after minutes of silence, expected about the floor 32", r.difficulty)
	}
	r.run(time.Hour)
	if r.lowest < 32 {
		t.Errorf("difficulty %v below the floor", r.lowest)
	}
	r.hashrate = 5000
	r.run(2 * time.Minute)
	if got := r.rate(0.2); got < 0.7 || got > 1.3 {
		t.Errorf("%.2f of the rate two minutes after it came back", got)
	}
}

// TestVardiffWithoutJobs has a rig wait for the node's first template.
func TestVardiffWithoutJobs(t *testing.T) {
	start := time.Unix(1e9, 0)
	v := newVardiff(vardiffConfig{Start: 1000}, start)
	for at := range 3600 {
		now := start.Add(time.Duration(at) * time.Second)
		v.Idle(now)
		if d := v.Difficulty(now, noLimit); d != 1000 {
			t.Fatalf("difficulty %v after %d s without a job", d, at)
		}
	}
}

// TestVardiffBounds holds every difficulty that is given against its bounds.
func TestVardiffBounds(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 3))
		cfg := vardiffConfig{Start: spread(random, 1, 1e9), Minimum: spread(random, 1, 1e4)}
		if random.IntN(3) == 0 {
			cfg.Fixed = spread(random, 1, 1e9)
		}
		r := newSimRig(seed, cfg, spread(random, 1, 1e6))
		for range 30 {
			r.network = spread(random, 1, 1e9)
			r.poll()
			want := [2]float64{min(cfg.Minimum, r.network), r.network}
			if cfg.Fixed > 0 {
				want[0] = min(max(cfg.Fixed, cfg.Minimum), r.network)
				want[1] = want[0]
			}
			if r.difficulty < want[0] || r.difficulty > want[1] {
				t.Fatalf("seed %d: difficulty %v, expected %v to %v (%+v)", seed, r.difficulty, want[0], want[1], cfg)
			}
			r.run(5 * time.Second)
		}
	}
}

// TestAFixedDifficultyThatFloods is the least from then on: the rig's shares come as fast as any rig's, and when it has become slow
// they are as easy as it has asked for.
func TestAFixedDifficultyThatFloods(t *testing.T) {
	const fixed = 1000
	for seed := range uint64(50) {
		r := newSimRig(seed, vardiffConfig{Fixed: fixed}, fixed*50)
		r.run(time.Minute)
		if r.difficulty != fixed {
			t.Fatalf("seed %d: difficulty %v", seed, r.difficulty)
		}
		r.v.Flood()
		r.run(10 * time.Minute)
		if got := r.rate(0.2); got < 0.5 || got > 2 {
			t.Errorf("seed %d: %.2f of the rate", seed, got)
		}
		r.hashrate = fixed / 10
		r.run(20 * time.Minute)
		if r.difficulty < fixed || r.difficulty > measureStep*fixed { // Less is worth no job.
			t.Errorf("seed %d: difficulty %v once the flood is over", seed, r.difficulty)
		}
	}
}

// TestVardiffLateShares keeps a rig at the job before for a minute: what it sends is
// credited as what it is, and the difficulty does not run away.
func TestVardiffLateShares(t *testing.T) {
	for seed := range uint64(50) {
		r := newSimRig(seed, vardiffConfig{Start: 100}, 2000)
		r.run(3 * time.Minute)
		r.lag = time.Minute
		r.hashrate *= 6
		r.run(10 * time.Minute)
		if got := r.rate(0.2); got < 0.5 || got > 2 {
			t.Errorf("seed %d: %.2f of the rate", seed, got)
		}
	}
}

// TestVardiffBudget has more rigs than the node can verify at 12 shares a minute.
func TestVardiffBudget(t *testing.T) {
	const rigs, perSecond = 300, 20
	b := newShareBudget(perSecond)
	var all []*simRig
	for seed := range uint64(rigs) {
		cfg := vardiffConfig{Start: 500, Budget: b}
		all = append(all, newSimRig(seed, cfg, spread(rand.New(rand.NewPCG(seed, 4)), 100, 1e4)))
	}
	offered := func(d time.Duration) float64 {
		shares := 0
		for range d / time.Second {
			for _, r := range all {
				before := r.shares
				r.run(time.Second)
				shares += r.shares - before
			}
		}
		return float64(shares) / d.Seconds()
	}
	offered(10 * time.Minute)
	if got := offered(5 * time.Minute); got > 1.15*perSecond || got < 0.8*perSecond {
		t.Errorf("%.1f shares a second, expected about %d", got, perSecond)
	}
	for _, r := range all[rigs/10:] {
		r.v.Close()
	}
	if all = all[:rigs/10]; len(b.sessions) != len(all) {
		t.Errorf("%d sessions in the budget, expected %d", len(b.sessions), len(all))
	}
	offered(10 * time.Minute)
	if got, want := offered(5*time.Minute), 0.2*rigs/10; got > 1.25*want || got < 0.75*want {
		t.Errorf("%.1f shares a second with room in the budget, expected %.1f", got, want)
	}
}

// TestBudgetForgets leaves nothing behind of sessions in parallel.
func TestBudgetForgets(t *testing.T) {
	b := newShareBudget(10)
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		wg.Go(func() {
			for range 50 {
				r := newSimRig(seed, vardiffConfig{Budget: b}, 100)
				r.run(20 * time.Second)
				r.v.Close()
				r.v.Share(r.now, 1)
			}
		})
	}
	wg.Wait()
	if len(b.sessions) != 0 || b.steady != 0 || b.extra != 0 {
		t.Errorf("left: %d sessions, %v and %v", len(b.sessions), b.steady, b.extra)
	}
}

// FuzzVardiff gives it any times and shares: what comes out is a difficulty.
func FuzzVardiff(f *testing.F) {
	f.Add(1000.0, 1.0, 5.0, int64(time.Second))
	f.Add(1e300, 1e-300, 1e300, int64(0))
	f.Add(1.0, 1e15, 1e9, int64(-time.Hour))
	f.Fuzz(func(t *testing.T, start, network, effective float64, step int64) {
		for _, x := range []float64{start, network, effective} {
			if !(x > 0 && x < 1e30) {
				t.Skip("difficulties come from targets of 256 bits")
			}
		}
		now := time.Unix(1e9, 0)
		v := newVardiff(vardiffConfig{Start: start, Minimum: 0.5}, now)
		for range 200 {
			now = now.Add(time.Duration(step) % time.Hour)
			v.Share(now, effective)
			if d := v.Difficulty(now, network); !(d >= min(0.5, network) && d <= network) {
				t.Fatalf("difficulty %v of a network of %v", d, network)
			}
		}
	})
}

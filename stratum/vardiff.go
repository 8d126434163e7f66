package stratum

import (
	"math"
	"time"
)

// vardiffConfig says what a session's difficulty is to be. Difficulties are those of
// the dialect: a share of difficulty d takes d hashes on average.
type vardiffConfig struct {
	// Start is the first job's difficulty; 0 takes Minimum.
	Start float64
	// Minimum is never gone below, unless the network's difficulty is; 0 takes 1.
	Minimum float64
	// Fixed, if not 0, is the difficulty for good, as far as Minimum and the
	// network's difficulty let it, unless Flood is called.
	Fixed float64
	// SharesPerMinute is the rate to aim at; 0 takes 12.
	SharesPerMinute float64
	// Budget, if not nil, is shared by all sessions and lowers the rate where they are
	// too many.
	Budget *shareBudget
}

const (
	// measureShares is how many shares a new rig's hashrate is measured by. The estimate is
	// then good to 1/√200 = 7 %. A rate that is 30 % too high is 3.7 standard deviations
	// away: one rig in 10,000 is, by chance, whatever is made of its shares.
	measureShares = 200
	// measureSpeed is how many times the rate may be aimed at meanwhile: 200 shares at
	// 12 a minute would take over 16 minutes.
	measureSpeed = 12
	// measureTime is after how long half of them must do.
	measureTime = 90 * time.Second
	// memoryShares is how many shares the estimate rests on later: a change of the
	// hashrate by a few percent is followed at that pace, one by a multiple as soon as it is sure.
	memoryShares = 80
	// blockShares is how many shares, come or expected, make a block, which joins the
	// estimate if it does not contradict it.
	blockShares = 40
	// surprise is by how many standard deviations that takes, firstSurprise the same while
	// a rig is measured: it is asked for every second then, of 144 shares a minute, and a
	// false alarm has the measuring begin again.
	surprise      = 4.6
	firstSurprise = 5.5
	// floodShares is what a flood of shares counts for at most: nobody knows how many
	// more were lost on the way.
	floodShares = 16
	// quietShares is how many shares are missed in a row until the estimate is given
	// up: at an even hashrate after one share in 66 million.
	quietShares = 18
	// guessShares is what the difficulty before the first share counts for.
	guessShares = 0.5

	// A change is worth a job beyond these ratios, while measuring and later.
	measureStep = 1.5
	steadyStep  = 1.15
	// largestStep bounds a step down: a share still under way from the harder job
	// counts as that many.
	largestStep = 8.0

	shortest  = time.Millisecond // what a block of shares is taken to last at least
	fastPause = time.Second      // the least time between two changes
	slowPause = 10 * time.Second // and where the later is below a ratio of measureStep
)

// vardiff steers one session's difficulty to a rate of shares. It is not safe for
// concurrent use.
//
// A rig's shares are a Poisson process: at hashrate h and difficulty d, h/d of them a
// second. So n shares over jobs of the difficulties d_i, each worked on for t_i, make
// the likelihood of h a Gamma distribution of shape n and rate Σ t_i/d_i, whatever
// the difficulties were: short jobs that are far too easy and long ones that are far
// too hard count for the evidence that they give. A share that comes after its job was replaced,
// and has another difficulty e than the present d, stands for e/d shares: that keeps
// the expected count right however late a rig changes jobs.
type vardiff struct {
	config     vardiffConfig
	difficulty float64   // of the last job
	changed    time.Time // when that was set
	counted    time.Time // up to where exposure is counted

	known evidence // of the hashrate
	block evidence // since known was last held against what came
	quiet float64  // exposure since the last share

	measured time.Time // since when the rig is measured
	grown    bool      // it was: the aim is the steady rate
}

// evidence is a Gamma distribution of a hashrate.
type evidence struct {
	shares   float64 // its shape
	exposure float64 // its rate: seconds per difficulty
}

func (e evidence) hashrate() float64 { return e.shares / e.exposure }

func (e *evidence) add(f evidence) {
	e.shares += f.shares
	e.exposure += f.exposure
}

// contradicts reports whether two pieces of evidence can't be of one hashrate: twice the
// logarithm of the ratio of their likelihoods, with a hashrate each and with the same
// for both (Wilks' theorem: the square of so many standard deviations).
func (e evidence) contradicts(f evidence, deviations float64) bool {
	both := (e.shares + f.shares) / (e.exposure + f.exposure)
	g := 2 * (e.shares*math.Log(e.hashrate()/both) + f.shares*math.Log(f.hashrate()/both))
	return g > deviations*deviations
}

// cap lets the evidence count for a number of shares at most.
func (e *evidence) cap(shares float64) {
	if over := e.shares / shares; over > 1 {
		e.shares /= over
		e.exposure /= over
	}
}

// newVardiff starts a session whose first job is of the start difficulty. A session
// with a Budget must be closed.
func newVardiff(cfg vardiffConfig, start time.Time) *vardiff {
	if cfg.SharesPerMinute <= 0 {
		cfg.SharesPerMinute = 12
	}
	if cfg.Minimum <= 0 {
		cfg.Minimum = 1
	}
	if cfg.Start <= 0 {
		cfg.Start = cfg.Minimum
	}
	v := &vardiff{config: cfg, difficulty: max(cfg.Start, cfg.Minimum), changed: start, counted: start}
	if cfg.Fixed > 0 {
		v.difficulty = max(cfg.Fixed, cfg.Minimum)
	}
	cfg.Budget.set(v, v.demand())
	v.guess()
	return v
}

// Close gives the session's part of the budget back.
func (v *vardiff) Close() {
	v.config.Budget.set(v, demand{})
	v.config.Budget = nil
}

// Share counts a share by the effective difficulty of its own job. It is to be counted
// when it comes, verified or not: what waits for that, or is refused for coming too
// fast, is evidence of the hashrate all the same. A rig that sends bad ones harms itself.
func (v *vardiff) Share(now time.Time, effective float64) {
	v.expose(now)
	v.block.shares += effective / v.difficulty
	v.quiet = 0
	v.settle()
}

// Flood says that shares are too many to be verified, and some are refused unhashed: blocks among them are lost. A
// difficulty that was fixed is the least from now on.
func (v *vardiff) Flood() {
	if v.config.Fixed > 0 {
		v.config.Minimum, v.config.Fixed = max(v.config.Minimum, v.config.Fixed), 0
		v.remeasure()
	}
}

// Idle says that the rig had no job until now, so that its silence means nothing.
func (v *vardiff) Idle(now time.Time) {
	if now.After(v.counted) {
		v.counted = now
	}
}

// Difficulty is what the next job should carry, where a block takes network hashes. It
// is to be asked before each job and every second besides, and a change is worth a job
// of its own: that is also how a silent rig is lowered. It holds still for what is not
// worth one.
func (v *vardiff) Difficulty(now time.Time, network float64) float64 {
	v.expose(now)
	if v.config.Fixed > 0 {
		return v.bound(v.config.Fixed, network)
	}
	v.settle()
	v.listen()
	if v.hashrate()/v.difficulty <= measureStep*v.aim() {
		v.graduate(now)
	}
	want := v.bound(v.hashrate()/v.aim(), network)
	have := v.bound(v.difficulty, network)
	if v.worth(now, want/have) {
		have = v.bound(max(want, have/largestStep), network)
	}
	if have != v.difficulty {
		v.change(now, have)
	}
	return v.difficulty
}

// change sets the difficulty of the jobs from now on.
func (v *vardiff) change(now time.Time, difficulty float64) {
	if !v.grown && difficulty > v.difficulty {
		v.known.add(v.block)
		v.block = evidence{}
		v.known.cap(floodShares)
	}
	v.difficulty, v.changed = difficulty, now
}

// bound keeps a difficulty within the floor and the network's: a share is never
// harder than a block.
func (v *vardiff) bound(difficulty, network float64) float64 {
	difficulty = max(difficulty, v.config.Minimum)
	if network > 0 {
		difficulty = min(difficulty, network)
	}
	return difficulty
}

// worth reports whether a change by a ratio is worth a job.
func (v *vardiff) worth(now time.Time, ratio float64) bool {
	step, size := measureStep, max(ratio, 1/ratio)
	if v.grown {
		step = steadyStep
	}
	since := now.Sub(v.changed)
	return size >= step && since >= fastPause && (size >= measureStep || since >= slowPause)
}

// expose counts the time up to now.
func (v *vardiff) expose(now time.Time) {
	if span := now.Sub(v.counted).Seconds(); span > 0 {
		v.block.exposure += span / v.difficulty
		v.quiet += span / v.difficulty
		v.counted = now
	}
}

// hashrate is the best estimate.
func (v *vardiff) hashrate() float64 {
	all := v.known
	all.add(v.block)
	return all.hashrate()
}

// settle holds a block of shares against what is known. Where it contradicts that,
// the rig has changed, or known was not true because shares were lost on the way, and
// the block alone counts.
func (v *vardiff) settle() {
	if v.block.shares > 0 && v.known.contradicts(v.block, v.surprise()) {
		// The clock may not have moved since the block's start.
		v.known = evidence{exposure: shortest.Seconds() / v.difficulty}
		v.remeasure()
	} else if max(v.block.shares, v.known.hashrate()*v.block.exposure) < blockShares {
		return
	}
	v.known.add(v.block)
	v.block = evidence{}
	if v.grown {
		v.known.cap(memoryShares)
	} else {
		v.known.cap(measureShares)
	}
}

// surprise is by how many standard deviations a block must be off to count for a change.
func (v *vardiff) surprise() float64 {
	if v.grown {
		return surprise
	}
	return firstSurprise
}

// listen gives up what is known of a rig that has become silent.
func (v *vardiff) listen() {
	if v.hashrate()*v.quiet > quietShares {
		v.guess()
		v.known.exposure += v.quiet
		v.block = evidence{}
	}
}

// guess knows no more than that the present difficulty may be about right.
func (v *vardiff) guess() {
	v.remeasure()
	v.known = evidence{guessShares, guessShares / (v.difficulty * v.aim())}
}

// graduate ends the measuring where the hashrate is known well enough, or time is up.
func (v *vardiff) graduate(now time.Time) {
	shares := v.known.shares + v.block.shares
	if !v.grown && (shares >= measureShares || shares >= measureShares/2 && now.Sub(v.measured) >= measureTime) {
		v.grown = true
		v.config.Budget.set(v, v.demand())
	}
}

// remeasure asks for the rate of a rig that is not known.
func (v *vardiff) remeasure() {
	v.grown, v.measured = false, v.counted
	v.config.Budget.set(v, v.demand())
}

// demand is what the session would like of the budget.
func (v *vardiff) demand() demand {
	d := demand{steady: v.config.SharesPerMinute / 60}
	if !v.grown && v.config.Fixed == 0 {
		d.extra = (measureSpeed - 1) * d.steady
	}
	return d
}

// aim is the rate of shares per second to aim at now.
func (v *vardiff) aim() float64 { return v.config.Budget.grant(v.demand()) }

package node

import (
	"math"
	"time"
)

// rigPace compares what a rig's shares are worth with its own longer mean. Shares come at
// random, so it counts evidence, in the units of a share: how many were to be expected, and
// how many came. By work, not by number, as the difficulty changes.
type rigPace struct {
	// Means of the last day, the older the lighter: seconds that the rig was there, hashes
	// that its shares stand for, and shares.
	seconds, work, shares float64
	unit                  float64 // what a share is worth, of the last twenty or so
	// missing is how many shares were to be expected since the last one, quiet how long that
	// is ago.
	missing float64
	quiet   time.Duration
	// slow is the evidence that it works at half its mean, and not at its mean; full is the
	// evidence for the opposite. Both are logarithms of a likelihood ratio, 0 at the least.
	slow, full float64
	degraded   bool
}

const (
	// paceMemory is how long the mean reaches back.
	paceMemory = 24 * time.Hour
	// paceShares is how many shares the mean must be of before a rig is held to it.
	paceShares = 200
	// slowEvidence is enough to call a rig degraded, fullEvidence to take that back:
	// docs/design/alerts.md has how often that happens by chance, and how long it takes.
	slowEvidence, fullEvidence = 15, 15
	// doubt is the evidence from which the mean is left as it is.
	doubt = 5
	// silentShares and silentAfter are how many shares must be missing, and for how long,
	// for a rig to be silent, so that it is known within two minutes of its last share, with
	// the time to look and to tell; surelySilent is how many for an alert, which happens by
	// chance once in a million shares.
	silentShares, surelySilent = 3, 14
	silentAfter                = 115 * time.Second
)

// recall starts with a mean of before: that of a rig that did something in the last day.
func (p *rigPace) recall(hashrate, difficulty float64) {
	if hashrate > 0 && difficulty > 0 {
		// It weighs little: the rig may have been away for a part of the day.
		const weight = 20
		p.shares, p.work, p.unit = weight, weight*difficulty, difficulty
		p.seconds = p.work / hashrate
	}
}

// rate is the mean, in hashes a second; 0 where nothing is known.
func (p *rigPace) rate() float64 {
	if p.seconds <= 0 {
		return 0
	}
	return p.work / p.seconds
}

// step takes what came in a time in which the rig was there and had work: so many shares
// that stand for so many hashes, at a difficulty.
func (p *rigPace) step(dt time.Duration, shares uint64, work, difficulty float64) {
	for range min(shares, 50) {
		p.unit += (work/float64(shares) - p.unit) / min(20, p.shares+1)
	}
	unit := max(p.unit, difficulty)
	if shares > 0 {
		p.missing, p.quiet = 0, 0
	} else {
		p.quiet += dt
	}
	if _, sure := p.silent(); sure {
		p.slow = 0 // It is worse than slow, and no part of the mean.
		p.missing += p.rate() * dt.Seconds() / max(unit, 1)
		return
	}
	if mean := p.rate(); mean > 0 && unit > 0 {
		expected := mean * dt.Seconds() / unit
		if shares == 0 {
			p.missing += expected
		}
		// So long without any share it is hardly slow, but silent: that is another alert.
		if p.shares >= paceShares && p.missing < surelySilent {
			p.weigh(expected, work/unit)
		}
	}
	if !p.degraded && p.slow >= doubt {
		return // What may be slowness must not become the mean that it is held to.
	}
	keep := math.Exp(-dt.Seconds() / paceMemory.Seconds())
	p.seconds = p.seconds*keep + dt.Seconds()
	p.work = p.work*keep + work
	p.shares = p.shares*keep + float64(shares)
}

// weigh adds to the evidence. The mean is known to 1/√n: the test is against what it is at
// the least.
func (p *rigPace) weigh(expected, came float64) {
	expected *= 1 - 1.5/math.Sqrt(p.shares)
	towardsSlow := expected/2 - came*math.Ln2
	p.slow = max(0, p.slow+towardsSlow)
	p.full = max(0, p.full-towardsSlow)
	switch {
	case !p.degraded && p.slow >= slowEvidence:
		p.degraded, p.full = true, 0
		// From now on the mean changes in a day, however young the rig is.
		more := max(1, paceMemory.Seconds()/p.seconds)
		p.seconds, p.work = p.seconds*more, p.work*more
	case p.degraded && p.full >= fullEvidence:
		p.degraded, p.slow = false, 0
	}
}

// pause forgets how long ago the last share was: the rig was away, or had no work.
func (p *rigPace) pause() { p.missing, p.quiet = 0, 0 }

// silent reports whether shares fail to come, and whether that is sure.
func (p *rigPace) silent() (silent, sure bool) {
	if p.rate() == 0 {
		silent = p.quiet >= newSilentAfter
		return silent, silent
	}
	silent = p.quiet >= silentAfter && p.missing >= silentShares
	return silent, silent && p.missing >= surelySilent
}

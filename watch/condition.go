package watch

import "time"

const (
	// firstHold is how long what raised an alarm must be gone before that is over. Each alarm
	// within forgetAfter doubles it up to longestHold: who comes and goes is not heard of at
	// each turn.
	firstHold, longestHold = 15 * time.Second, time.Hour
	forgetAfter            = 24 * time.Hour
)

// condition is one difference from a source, debounced both ways.
type condition struct {
	grade  int       // 0 while there is no difference
	since  time.Time // when it began, or its grade changed, or it last got better
	on     bool      // the alarm
	raised time.Time // the last one
	gone   time.Time // since when there is no difference, while on
	looked time.Time // the last time
	hold   time.Duration
}

// change is what a look at a condition comes to.
type change int

const (
	same change = iota
	raised
	over
)

// look takes a difference of a grade, 0 for none, that must last for a time to raise the
// alarm. better means that it is smaller than ever since it began.
func (c *condition) look(now time.Time, grade int, better bool, after time.Duration) change {
	if grade != c.grade || better {
		c.since = now
	}
	c.grade, c.looked = grade, now
	switch {
	case grade > 0:
		c.gone = time.Time{}
		if !c.on && now.Sub(c.since) >= after {
			c.raise(now)
			return raised
		}
	case c.on && c.gone.IsZero():
		c.gone = now
	case c.on && now.Sub(c.gone) >= c.hold:
		c.on = false
		return over
	}
	return same
}

// pause is look while nobody knows whether the difference is still there: the time does not count, and what was
// counted before stands. A pool may end each session long before the alarm is due.
func (c *condition) pause(now time.Time, better bool) {
	c.since = c.since.Add(now.Sub(c.looked))
	if c.grade == 0 || better {
		c.since = now
	}
	c.looked = now
}

func (c *condition) raise(now time.Time) {
	c.hold = min(2*c.hold, longestHold)
	if c.hold == 0 || now.Sub(c.raised) > forgetAfter {
		c.hold = firstHold
	}
	c.on, c.raised = true, now
}

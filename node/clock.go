package node

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// clockWatch raises an alarm where this machine's clock is wrong: a template's
// timestamp comes from it, and peers refuse blocks of more than an hour ahead.
//
// Peers do not tell their clocks; what they do tell is the timestamp of each new
// block, which is some seconds to a few minutes old when the block comes. It is safe
// for concurrent use.
type clockWatch struct {
	now   func() time.Time
	log   *slog.Logger
	alarm func(Notification)
	// virtual tells that timestamps have nothing to do with the time.
	virtual bool

	mu      sync.Mutex
	offsets []time.Duration // timestamp minus our clock, of the last live blocks
	behind  bool            // the clock is behind the median of the chain
	off     bool            // the clock is far from the peers'
}

const (
	// clockSamples is how many live blocks the peers' median is taken of; fewer than
	// half of them say nothing.
	clockSamples = 11
	// clockLimit is how far off the peers' median our clock may be.
	clockLimit = 10 * time.Minute
)

// liveBlock takes the timestamp, in Unix seconds, of a block that a peer has just
// announced.
func (c *clockWatch) liveBlock(timestamp uint64) {
	if c.virtual {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offsets = append(c.offsets, time.Unix(int64(timestamp), 0).Sub(c.now()))
	if len(c.offsets) > clockSamples {
		c.offsets = c.offsets[1:]
	}
	if len(c.offsets) <= clockSamples/2 {
		return
	}
	offset := c.median()
	c.change(&c.off, offset.Abs() > clockLimit, fmt.Sprintf(
		"this clock is %v off the peers' (median of the last %d new blocks): set it by NTP", -offset.Round(time.Second), len(c.offsets)))
}

// chainMedian takes the median time, in Unix seconds, of the last 11 blocks, which the
// clock must be above.
func (c *clockWatch) chainMedian(median uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := uint64(c.now().Unix())
	c.change(&c.behind, now <= median, fmt.Sprintf(
		"this clock is at %d, not above the median %d of the last 11 blocks: set it by NTP", now, median))
}

// median is the middle of the offsets. The caller holds mu.
func (c *clockWatch) median() time.Duration {
	if len(c.offsets) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(c.offsets))
	return sorted[len(sorted)/2]
}

// offset is how far the peers' clocks seem to be ahead of ours, and whether an alarm
// is on.
func (c *clockWatch) offset() (ahead time.Duration, wrong bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.median(), c.behind || c.off
}

// change notes an alarm that comes or goes. The caller holds mu.
func (c *clockWatch) change(alarm *bool, wrong bool, detail string) {
	if *alarm == wrong {
		return
	}
	*alarm = wrong
	if wrong {
		c.log.Warn("the clock is wrong", "detail", detail)
		c.alarm(Notification{Event: "clock.off", At: time.Now(), Detail: detail})
		return
	}
	c.log.Info("the clock is right again")
	c.alarm(Notification{Event: "clock.right", At: time.Now()})
}

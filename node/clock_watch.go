package node

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/state"
)

// clockWatch raises an alarm where this machine's clock seems wrong: a template's
// timestamp comes from it, and peers refuse blocks of more than an hour ahead.
//
// Peers do not send their clocks, but the timestamp of each new block, which is some seconds to a few minutes old when the block comes. No single
// reading raises the alarm or ends it, and nothing but words follows from one: who
// differs from this clock may be right. It is safe for concurrent use.
type clockWatch struct {
	// now is the wall clock, elapsed one that nobody sets.
	now     func() time.Time
	elapsed func() time.Duration
	log     *slog.Logger
	alarm   func(Notification)
	// virtual reports whether timestamps have nothing to do with the time; nil is never.
	virtual func() bool

	mu      sync.Mutex
	live    []liveBlock // the last that peers announced
	refused liveBlock   // the last with a proof that came from after the next hour
	chain   chainTime   // as it was last looked at
	looked  bool
	wall    time.Time     // when that was
	at      time.Duration // the same by elapsed
	on      bool          // the alarm
	changed time.Duration // since when each look contradicts on
	raised  time.Duration // when the alarm was last logged
}

// liveBlock is a block that a peer has just announced.
type liveBlock struct {
	id     bc.Hash
	height uint64
	ahead  time.Duration // its timestamp minus our clock
}

// chainTime is what the best chain says of the time.
type chainTime struct {
	height uint64
	// median is the median time of the last 11 blocks, in Unix seconds.
	median uint64
	// fast is set where blocks come in seconds. Then their timestamps run ahead of the time
	// of day, for each is above the median, and say nothing of any clock.
	fast bool
	// current is set where there are peers, and none has more blocks.
	current bool
}

const (
	// clockSamples is how many live blocks the peers' median is taken of; fewer than
	// half of them say nothing.
	clockSamples = 11
	// clockLimit is how far off the peers' median our clock may be.
	clockLimit = 10 * time.Minute
	// clockStale is how far behind our clock the chain's median may be where peers have no
	// newer block. At 150 s a block it is a quarter of an hour.
	clockStale = 3 * time.Hour
	// clockAlarmAfter is how long the clock must seem wrong before the alarm is raised, and
	// clockClearAfter how long right before it is cleared.
	clockAlarmAfter = 5 * time.Minute
	clockClearAfter = time.Minute
	// clockRepeatAfter is when an alarm that goes on is logged again.
	clockRepeatAfter = 6 * time.Hour
	// clockJump is by how much the clock must be set for a log line.
	clockJump = time.Minute
	// clockInterval is the time between two looks.
	clockInterval = 10 * time.Second
	// fastSpacing is the mean time between blocks below which they come in seconds.
	fastSpacing = consensus.TargetSecondsPerBlock / 10
	// aheadLimit is how far ahead of the clock the chain lets a timestamp be.
	aheadLimit = time.Hour
)

// chainTimeAt is what the chain up to a block says of the time.
func chainTimeAt(node *state.BlockNode) chainTime {
	first, n := node, uint64(0)
	for ; n < consensus.MedianTimeBlocks && first.Parent != nil; n++ {
		first = first.Parent
	}
	return chainTime{
		height: node.Height, median: node.CalcPastMedianTime(),
		fast: n > 0 && node.Timestamp < first.Timestamp+n*fastSpacing,
	}
}

// liveBlock takes a block that a peer has just announced; its timestamp is in Unix
// seconds. A block counts once.
func (c *clockWatch) liveBlock(id bc.Hash, height, timestamp uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.ContainsFunc(c.live, func(b liveBlock) bool { return b.id == id }) {
		return
	}
	c.live = append(c.live, liveBlock{id, height, c.ahead(timestamp)})
	if len(c.live) > clockSamples {
		c.live = c.live[1:]
	}
}

// tooNew takes a block with a proof of work that is refused for its timestamp.
func (c *clockWatch) tooNew(id bc.Hash, height, timestamp uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = liveBlock{id, height, c.ahead(timestamp)}
}

// ahead is how far a timestamp is ahead of our clock.
func (c *clockWatch) ahead(timestamp uint64) time.Duration {
	return time.Unix(int64(timestamp), 0).Sub(c.now().Round(0))
}

// look holds the clock against the chain. It is to be called every clockInterval.
func (c *clockWatch) look(chain chainTime) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jump()
	c.chain = chain
	if chain.height >= c.refused.height {
		c.refused = liveBlock{} // Another took its place, or it came in time.
	}
	wrong := c.wrong()
	if (wrong != "") == c.on {
		c.changed = c.at
	}
	switch lasted := c.at - c.changed; {
	case !c.on && wrong != "" && lasted >= clockAlarmAfter:
		c.on, c.changed = true, c.at
		c.raise(wrong)
	case c.on && wrong == "" && lasted >= clockClearAfter:
		c.on, c.changed = false, c.at
		c.log.Info("the clock is right again")
		c.alarm(Notification{Event: "clock.right", At: c.now()})
	case c.on && wrong != "" && c.at-c.raised >= clockRepeatAfter:
		c.raise(wrong)
	}
}

// raise logs the alarm and notifies the operator. The caller holds mu.
func (c *clockWatch) raise(wrong string) {
	c.raised = c.at
	c.log.Warn("the clock is wrong", "detail", wrong)
	c.alarm(Notification{Event: "clock.off", At: c.now(), Detail: wrong})
}

// jump notes that the clock was set since the last look, which changes what earlier
// blocks say of it. The caller holds mu.
func (c *clockWatch) jump() {
	wall, at := c.now().Round(0), c.elapsed()
	by := wall.Sub(c.wall) - (at - c.at)
	if c.looked && by.Abs() >= clockJump {
		how := "ahead"
		if by < 0 {
			how = "back"
		}
		c.log.Warn("the clock was set "+how+", or this machine slept", "by", by.Abs().Round(time.Second),
			"from", wall.Add(-by).UTC().Format(time.RFC3339), "to", wall.UTC().Format(time.RFC3339))
		for i := range c.live {
			c.live[i].ahead -= by
		}
		c.refused.ahead -= by
	}
	c.wall, c.at, c.looked = wall, at, true
}

// suspect says what is wrong with the clock as far as can be known now, whether or not it
// lasts, and by what evidence; it is empty where nothing is. What else is refused meanwhile
// should say it too.
func (c *clockWatch) suspect() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wrong()
}

// wrong is suspect for who holds mu.
func (c *clockWatch) wrong() string {
	if c.virtual != nil && c.virtual() || !c.looked {
		return ""
	}
	age := -c.ahead(c.chain.median)
	offset, known := c.median()
	const byNTP = "; one of the two is wrong: set this clock by NTP"
	switch {
	case c.refused.height > 0 && c.refused.ahead > aheadLimit:
		return fmt.Sprintf("this clock is %v behind the timestamp of block %d, whose proof of work is right%s", rounded(c.refused.ahead), c.refused.height, byNTP)
	case c.chain.fast:
		return ""
	case age <= 0:
		return fmt.Sprintf("this clock is %v behind the median time of the last 11 blocks%s", rounded(-age), byNTP)
	case known && offset > clockLimit:
		return fmt.Sprintf("this clock is %v behind the peers', by the last %d new blocks%s", rounded(offset), len(c.live), byNTP)
	case known && offset < -clockLimit:
		return fmt.Sprintf("this clock is %v ahead of the peers', by the last %d new blocks%s", rounded(-offset), len(c.live), byNTP)
	case c.chain.current && age > clockStale:
		return fmt.Sprintf("this clock is %v ahead of the median time of the last 11 blocks, and no peer has a newer one%s", rounded(age), byNTP)
	}
	return ""
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Second) }

// median is the middle of what the live blocks say; false where they are too few. The
// caller holds mu.
func (c *clockWatch) median() (ahead time.Duration, known bool) {
	if len(c.live) <= clockSamples/2 {
		return 0, false
	}
	sorted := make([]time.Duration, 0, clockSamples)
	for _, b := range c.live {
		sorted = append(sorted, b.ahead)
	}
	slices.Sort(sorted)
	return sorted[len(sorted)/2], true
}

// measured is how far the peers' clocks seem to be ahead of ours; false where it is not known.
func (c *clockWatch) measured() (ahead time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.median()
}

// offset is how far the peers' clocks seem to be ahead of ours, and whether an alarm
// is on.
func (c *clockWatch) offset() (ahead time.Duration, wrong bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ahead, _ = c.median()
	return ahead, c.on
}

// watchClock looks at the clock, whether or not there is work to hand out.
func (n *Node) watchClock(ctx context.Context) error {
	next := time.NewTicker(clockInterval)
	defer next.Stop()
	for {
		c := chainTimeAt(n.bytom.chain.GetBlockIndex().BestNode())
		_, err := n.generator.Current()
		c.current = err == nil && consensus.ActiveNetParams.Name == consensus.MainNetParams.Name && !n.config.Mining.AllowUnsynced
		n.clock.look(c)
		select {
		case <-next.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

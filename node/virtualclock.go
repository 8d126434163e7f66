package node

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol"
)

// The modes of a clock.
const (
	clockReal    = "real"
	clockVirtual = "virtual"
	clockFrozen  = "frozen"
)

// virtualClock is where the timestamps of templates come from. On a solonet it goes on by
// 150 s with each block of the best chain, from the genesis on, wherever that is: so each
// retarget finds the time that it expects, and the difficulty stays. By the wall clock,
// the first retarget would count the years since the genesis, and the next ones seconds.
//
// What the chain is past can't be gone back to: where the blocks have the time of day, as
// on a solonet of before or of stock nodes that mine, and where 150 s a block have reached
// the present, the clock is the wall clock. All nodes of a chain see that alike. It is
// safe for concurrent use.
type virtualClock struct {
	chain *protocol.Chain

	mu   sync.Mutex
	mode string
	set  bool  // by a test: mode and zero are what it wants, wherever the chain is
	zero int64 // when virtual: the time at height 0, in Unix seconds
	held int64 // when frozen: the time
}

// elapsed is what the chain's rules give to all blocks up to the next one, in seconds.
func (c *virtualClock) elapsed() int64 {
	return int64(consensus.TargetSecondsPerBlock * (c.chain.BestBlockHeight() + 1))
}

func newVirtualClock(chain *protocol.Chain, virtual bool) *virtualClock {
	c := &virtualClock{chain: chain, mode: clockReal}
	if genesis := chain.GetBlockIndex().NodeByHeight(0); virtual && genesis != nil {
		c.mode, c.zero = clockVirtual, int64(genesis.Timestamp)
	}
	return c
}

// now is the time of the next block.
func (c *virtualClock) now() time.Time {
	_, now := c.read()
	return now
}

// virtual reports whether timestamps have nothing to do with the time of day.
func (c *virtualClock) virtual() bool {
	mode, _ := c.read()
	return mode != clockReal
}

func (c *virtualClock) read() (mode string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	mode, now = c.time()
	return mode, c.afterBase(now)
}

// past is what the next block must be later than, in Unix seconds: the median time, and
// the block that the next retarget counts from. A peer may have stamped that one alone with
// the time of day, and less than no time since then is a target that no hash can meet.
func (c *virtualClock) past() int64 {
	index := c.chain.GetBlockIndex()
	best := index.BestNode()
	past := best.CalcPastMedianTime()
	if from := index.NodeByHeight(best.Height / consensus.BlocksPerRetarget * consensus.BlocksPerRetarget); from != nil {
		past = max(past, from.Timestamp)
	}
	return int64(past)
}

// time is what the clock shows where no retarget ends, and by which mode. The caller holds mu.
func (c *virtualClock) time() (mode string, now time.Time) {
	wall := time.Now()
	switch c.mode {
	case clockVirtual:
		at := c.zero + c.elapsed()
		if c.set || at > c.past() && at <= wall.Unix() {
			return clockVirtual, time.Unix(at, 0)
		}
	case clockFrozen:
		return clockFrozen, time.Unix(c.held, 0)
	}
	return clockReal, wall
}

// afterBase is a time but for the block that ends what a retarget counts, where that began later: on a chain so fast
// that 2,016 blocks take less than the hour that a clock may be ahead, or by a clock that a test set back. Less than
// no time is a target that no hash can meet, and so the block is as late as the rules allow.
func (c *virtualClock) afterBase(at time.Time) time.Time {
	index := c.chain.GetBlockIndex()
	next := index.BestNode().Height + 1
	if next%consensus.BlocksPerRetarget != 0 {
		return at
	}
	base := index.NodeByHeight(next - consensus.BlocksPerRetarget)
	if base == nil || at.Unix() > int64(base.Timestamp) {
		return at
	}
	due := int64(base.Timestamp + consensus.BlocksPerRetarget*consensus.TargetSecondsPerBlock)
	latest := time.Now().Unix() + int64(consensus.MaxTimeOffsetSeconds) - 60 // Clocks differ.
	return time.Unix(max(int64(base.Timestamp)+1, min(due, latest)), 0)
}

// logMode logs at a start how the blocks of a solonet are timestamped.
func (c *virtualClock) logMode(log *slog.Logger) {
	c.mu.Lock()
	wanted := c.mode
	c.mu.Unlock()
	switch mode, now := c.read(); {
	case mode == clockVirtual:
		log.Info("this solonet keeps its difficulty: each block is stamped 150 s after the one before, whatever the time of day; --solonet.clock real goes by that",
			"next_block", now.UTC().Format(time.RFC3339))
	case wanted == clockVirtual:
		log.Info("the blocks of this solonet have the time of day, so that its difficulty follows their pace; one begun in a new --home keeps it")
	default:
		log.Info("blocks are stamped with the time of day, as --solonet.clock real says: the difficulty of this solonet follows their pace")
	}
}

// change sets mode and time. A virtual clock goes on from where it is put; peers and
// chain refuse blocks of more than an hour ahead of the real time.
func (c *virtualClock) change(in clockRequest) error {
	if in == (clockRequest{}) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	was, now := c.time()
	mode, at := in.Mode, now.Unix()
	if mode == "" {
		mode = was
	}
	if mode == clockVirtual && was == clockReal && in.Time == 0 {
		at = int64(c.chain.GetBlockIndex().NodeByHeight(0).Timestamp) + c.elapsed()
	}
	if in.Time != 0 {
		at = in.Time
	}
	at += in.Advance
	limit := time.Now().Unix() + int64(consensus.MaxTimeOffsetSeconds)
	switch {
	case mode == clockReal && (in.Time != 0 || in.Advance != 0):
		return fmt.Errorf("field mode: the real clock can't be set, expected %s or %s", clockVirtual, clockFrozen)
	case mode != clockReal && mode != clockVirtual && mode != clockFrozen:
		return fmt.Errorf("field mode: value %q: expected %s, %s or %s", in.Mode, clockReal, clockVirtual, clockFrozen)
	case mode != clockReal && (at <= 0 || at > limit):
		return fmt.Errorf("field time: the clock would show %d, expected at most %d: the chain refuses blocks of more than an hour ahead of the real time", at, limit)
	}
	c.mode, c.held, c.set = mode, at, true
	c.zero = at - c.elapsed()
	return nil
}

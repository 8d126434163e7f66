package node

import (
	"fmt"
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

// virtualClock is where the timestamps of templates come from. It is the wall clock,
// or one that goes on by 150 s with each block of the best chain, wherever that is: so
// each retarget finds the time that it expects, and the difficulty stays. It is safe
// for concurrent use.
type virtualClock struct {
	chain *protocol.Chain

	mu   sync.Mutex
	mode string
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

func (c *virtualClock) read() (mode string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mode, c.time()
}

// time is what the clock shows. The caller holds mu.
func (c *virtualClock) time() time.Time {
	switch c.mode {
	case clockVirtual:
		return time.Unix(c.zero+c.elapsed(), 0)
	case clockFrozen:
		return time.Unix(c.held, 0)
	}
	return time.Now()
}

// set changes mode and time. A virtual clock goes on from where it is put; peers and
// chain refuse blocks of more than an hour ahead of the real time.
func (c *virtualClock) set(in clockIn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	mode, at := in.Mode, c.time().Unix()
	if mode == "" {
		mode = c.mode
	}
	if mode == clockVirtual && c.mode == clockReal && in.Time == 0 {
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
	c.mode, c.held = mode, at
	c.zero = at - c.elapsed()
	return nil
}

package rig

import (
	"context"
	"math/rand/v2"
	"time"
)

// pause is a time to wait that doubles.
type pause struct{ next time.Duration }

const shortestPause, longestPause = time.Second, 30 * time.Second

func newPause() pause { return pause{shortestPause} }

// used reports whether it was waited for.
func (p *pause) used() bool { return p.next > shortestPause }

// wait waits for the time, less a random part so that many rigs don't come back all at
// once, or until off is closed or has a value.
func (p *pause) wait(ctx context.Context, off <-chan struct{}) {
	sleepOr(ctx, p.next/2+rand.N(p.next/2), off)
	p.next = min(2*p.next, longestPause)
}

func sleepOr(ctx context.Context, d time.Duration, off <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-off:
	case <-ctx.Done():
	}
}

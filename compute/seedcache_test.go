package compute

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// testCache is a SeedCache of the seed's first byte whose expansion takes a
// second of the bubble's time.
type testCache struct {
	*SeedCache[int]
	expanded, freed atomic.Int32
	fail            atomic.Bool
}

var errExpand = errors.New("no memory")

func newTestCache(size int) *testCache {
	c := new(testCache)
	c.SeedCache = NewSeedCache(size, func(seed [32]byte) (int, error) {
		c.expanded.Add(1)
		time.Sleep(time.Second)
		if c.fail.Load() {
			return 0, errExpand
		}
		return int(seed[0]), nil
	}, func(int) { c.freed.Add(1) })
	return c
}

// acquire gets a value that must be the seed's.
func (c *testCache) acquire(t *testing.T, seed byte) func() {
	t.Helper()
	value, release, err := c.Acquire(t.Context(), [32]byte{seed})
	if err != nil {
		t.Fatal(err)
	}
	if value != int(seed) {
		t.Errorf("seed %d: got %d", seed, value)
	}
	return release
}

func (c *testCache) expect(t *testing.T, expanded, freed int32) {
	t.Helper()
	synctest.Wait()
	if e, f := c.expanded.Load(), c.freed.Load(); e != expanded || f != freed {
		t.Errorf("expanded %d, freed %d; want %d, %d", e, f, expanded, freed)
	}
}

func TestSeedCacheExpandsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache(2)
		start := time.Now()
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() { c.acquire(t, byte(i%2))() })
		}
		group.Wait()
		if took := time.Since(start); took != time.Second {
			t.Errorf("two seeds took %v: they have waited for each other", took)
		}
		c.expect(t, 2, 0)
		c.Close()
		c.expect(t, 2, 2)
	})
}

func TestSeedCacheFreesWhatNobodyHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache(2)
		one := c.acquire(t, 1)
		c.acquire(t, 2)()
		c.acquire(t, 1)() // now 2 is the oldest
		c.acquire(t, 3)()
		c.expect(t, 3, 1)
		c.acquire(t, 4)() // evicts 1, which is in use
		c.expect(t, 4, 1)
		one()
		one() // a second release is nothing
		c.expect(t, 4, 2)
		c.Close()
		c.expect(t, 4, 4)
	})
}

func TestSeedCacheTriesAgainAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache(2)
		c.fail.Store(true)
		if _, _, err := c.Acquire(t.Context(), [32]byte{1}); !errors.Is(err, errExpand) {
			t.Errorf("got %v", err)
		}
		c.fail.Store(false)
		c.acquire(t, 1)()
		c.expect(t, 2, 0)
		c.Close()
		c.expect(t, 2, 1)
	})
}

func TestSeedCacheLeavesWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache(2)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, _, err := c.Acquire(ctx, [32]byte{1}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != time.Millisecond {
			t.Errorf("left after %v", took)
		}
		c.acquire(t, 1)() // the expansion has gone on for the next one
		c.expect(t, 1, 0)
		c.Close()
		c.expect(t, 1, 1)
		if _, _, err := c.Acquire(t.Context(), [32]byte{1}); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestSeedCacheClosedWhileExpanding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestCache(2)
		time.AfterFunc(time.Millisecond, c.Close)
		release := c.acquire(t, 1)
		c.expect(t, 1, 0)
		release()
		c.expect(t, 1, 1)
	})
}

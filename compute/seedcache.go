package compute

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// ErrClosed is returned by what has been closed.
var ErrClosed = errors.New("compute: closed")

// SeedsKept is how many seeds a Backend on a CPU keeps by default: the tip's,
// the one before it for a competing block at a seed's boundary, and one more so
// that a block from far back does not throw out either.
const SeedsKept = 3

// SeedCache keeps what a Backend expands a seed to, T, for the seeds used most
// recently. Asked for a new seed by several goroutines it expands it once;
// different seeds do not wait for each other. A value is freed when it is
// neither in the cache nor in use. Safe for concurrent use.
type SeedCache[T any] struct {
	expand func(seed [32]byte) (T, error)
	free   func(T)

	mu      sync.Mutex // guards what follows and every entry's users
	entries *simplelru.LRU[[32]byte, *seedEntry[T]]
	size    int
	closed  bool
}

type seedEntry[T any] struct {
	ready chan struct{} // closed when value and err are final
	value T
	err   error
	// users counts the cache itself while the entry is in it, the expansion
	// while it runs, and every caller who has not released it.
	users int
}

// NewSeedCache returns a cache of at least one seed. expand computes a value, on a
// goroutine of its own; free, which may be nil, is called with each value that
// nobody can reach any longer, from whichever goroutine let go of it last.
func NewSeedCache[T any](size int, expand func(seed [32]byte) (T, error), free func(T)) *SeedCache[T] {
	size = max(size, 1)
	entries, err := simplelru.NewLRU[[32]byte, *seedEntry[T]](size, nil)
	if err != nil {
		panic(err) // only a size below 1 is refused
	}
	return &SeedCache[T]{expand: expand, free: free, entries: entries, size: size}
}

// Acquire returns the seed's value and a function that releases it, which may
// be called more than once. It returns ctx's error if ctx ends first, the error
// of expand, or ErrClosed. A failed expansion is tried again by the next caller.
func (c *SeedCache[T]) Acquire(ctx context.Context, seed [32]byte) (value T, release func(), err error) {
	if err := ctx.Err(); err != nil {
		return value, nil, err
	}
	e, err := c.enter(seed)
	if err != nil {
		return value, nil, err
	}

	select {
	case <-e.ready:
		err = e.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		c.leave(e)
		return value, nil, err
	}
	return e.value, sync.OnceFunc(func() { c.leave(e) }), nil
}

// Close empties the cache. Values in use are freed when they are released.
func (c *SeedCache[T]) Close() {
	c.mu.Lock()
	c.closed = true
	dropped := c.entries.Values()
	c.entries.Purge()
	c.mu.Unlock()

	for _, e := range dropped {
		c.leave(e)
	}
}

// enter finds or begins the seed's entry and counts the caller among its users.
func (c *SeedCache[T]) enter(seed [32]byte) (*seedEntry[T], error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, ErrClosed
	}
	if e, ok := c.entries.Get(seed); ok {
		e.users++
		c.mu.Unlock()
		return e, nil
	}
	var oldest *seedEntry[T]
	if c.entries.Len() == c.size {
		_, oldest, _ = c.entries.RemoveOldest()
	}
	e := &seedEntry[T]{ready: make(chan struct{}), users: 3} // cache, fill, caller
	c.entries.Add(seed, e)
	c.mu.Unlock()

	go c.fill(seed, e)
	if oldest != nil {
		c.leave(oldest)
	}
	return e, nil
}

func (c *SeedCache[T]) fill(seed [32]byte, e *seedEntry[T]) {
	e.value, e.err = c.expand(seed)
	if e.err != nil {
		e.err = fmt.Errorf("expand seed %x: %w", seed, e.err)
		c.forget(seed, e)
	}
	close(e.ready)
	c.leave(e)
}

// forget takes a failed entry out of the cache if it is still there.
func (c *SeedCache[T]) forget(seed [32]byte, e *seedEntry[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.entries.Peek(seed); ok && now == e {
		c.entries.Remove(seed)
		e.users--
	}
}

// leave takes one user off an entry and frees its value after the last.
func (c *SeedCache[T]) leave(e *seedEntry[T]) {
	c.mu.Lock()
	e.users--
	last := e.users == 0
	c.mu.Unlock()
	if last && e.err == nil && c.free != nil {
		c.free(e.value)
	}
}

//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"context"
	"math"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/bytom-solo/bytom-solo/compute"
)

// tuning is the contest of the other variants behind a backend that is in use.
type tuning struct {
	// turns are taken one by each batch, and all of them while a variant is timed: batches of
	// others would slow it down.
	turns *semaphore.Weighted
	end   context.CancelFunc
	ended chan struct{}
}

const allTurns = math.MaxInt64

// tuneBehind goes on with a contest whose first variant is right. It is for who opens the
// backend, before anybody uses it.
func (b *backend) tuneBehind(ctx context.Context, c *contest) {
	ctx, end := context.WithCancel(ctx)
	b.tuning = &tuning{turns: semaphore.NewWeighted(allTurns), end: end, ended: make(chan struct{})}
	b.config.log().Info("hashing begins by the first variant that is right, the others are timed meanwhile", "device", b.about.Name,
		"variant", b.variant.String(), "others", len(c.variants)-c.begun)
	c.config.Progress = nil // Others show something else by now.
	go func() {
		defer close(b.tuning.ended)
		defer end()
		if err := b.tune(ctx, c); err != nil && ctx.Err() == nil {
			b.config.log().Warn("the fastest variant was not found; the first one goes on", "device", b.about.Name, "error", err)
		}
	}()
}

// tune finds the fastest variant and goes over to it.
func (b *backend) tune(ctx context.Context, c *contest) error {
	best, err := c.fastest(ctx, b, b.alone)
	if err != nil {
		return err
	}
	if best == nil {
		return c.failed
	}
	if best == b {
		if !b.config.wantsHeaders(b.about, c.best.Rate) {
			b.seen.Lock()
			b.batch, b.tried = c.best.Batch, c.best.Tried
			b.seen.Unlock()
			c.keep(b)
			return nil
		}
		// Hashers of it are in use, and go over to one with the headers' shader.
		if best, err = openVariant(b.about, b.variant, c.best.Batch, b.config); err != nil {
			return err
		}
	}
	if err := c.finish(ctx, best); err != nil {
		_ = best.Close() // The reason is ctx's end.
		return err
	}
	b.adopt(best)
	return nil
}

// alone does something while no batch is on the device. Then batches have as much time.
func (b *backend) alone(ctx context.Context, do func() error) error {
	if err := b.tuning.turns.Acquire(ctx, allTurns); err != nil {
		return err
	}
	start := time.Now()
	err := do()
	took := time.Since(start)
	b.tuning.turns.Release(allTurns)
	rest := time.NewTimer(took)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
	return err
}

// adopt goes over to what another backend of the device has, which is spent then. Hashers
// follow with their next batch.
func (b *backend) adopt(other *backend) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		_ = other.Close() // It has never failed before it was used.
		return
	}
	b.current.retire()
	b.current = other.current
	b.seen.Lock()
	defer b.seen.Unlock()
	b.variant, b.batch, b.tried, b.headers = other.variant, other.batch, other.tried, other.headers
}

// isCurrent reports whether an engine is the one to use.
func (b *backend) isCurrent(e *engine) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current == e
}

// follower is a Hasher that goes over to another engine when its backend has.
type follower struct {
	backend *backend
	seed    [32]byte
	engine  *engine
	now     compute.NonceHasher // of engine
}

// newFollower returns a Hasher of a backend that is being tuned.
func (b *backend) newFollower(ctx context.Context, seed [32]byte) (*follower, error) {
	f := &follower{backend: b, seed: seed}
	return f, f.open(ctx)
}

func (f *follower) open(ctx context.Context) error {
	h, e, err := f.backend.newHasher(ctx, f.seed)
	if err == nil {
		f.now, f.engine = compute.Nonces(h), e
	}
	return err
}

// follow has the current engine, and a turn on the device until done is called.
func (f *follower) follow(ctx context.Context) (done func(), err error) {
	turns := f.backend.tuning.turns
	if err := turns.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	if !f.backend.isCurrent(f.engine) {
		old := f.now
		if err = f.open(ctx); err == nil {
			err = old.Close()
		}
	}
	if err != nil {
		turns.Release(1)
		return nil, err
	}
	return func() { turns.Release(1) }, nil
}

// Batch implements compute.Hasher. It changes when the Hasher goes over.
func (f *follower) Batch() int { return f.now.Batch() }

// Hash implements compute.Hasher.
func (f *follower) Hash(ctx context.Context, results, headers [][32]byte) error {
	done, err := f.follow(ctx)
	if err != nil {
		return err
	}
	defer done()
	return f.now.Hash(ctx, results, headers)
}

// HashNonces implements compute.NonceHasher.
func (f *follower) HashNonces(ctx context.Context, results [][32]byte, header *compute.BlockHeader, nonces []uint64) error {
	done, err := f.follow(ctx)
	if err != nil {
		return err
	}
	defer done()
	return f.now.HashNonces(ctx, results, header, nonces)
}

// Close implements compute.Hasher.
func (f *follower) Close() error { return f.now.Close() }

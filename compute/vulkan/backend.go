//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// backend implements compute.Backend.
type backend struct {
	about    Device
	physical *physical
	config   Config
	hooks    hooks
	tuning   *tuning // nil if nothing is timed behind it

	mu      sync.Mutex
	current *engine // lost or not, until it is replaced
	closed  bool

	// seen guards these once the backend is in use. Whoever holds both took mu first.
	seen    sync.RWMutex
	variant Variant
	batch   int
	tried   []Tried
	headers bool // header hashes are computed on the device
}

// openVariant opens a device with a variant that has not proved anything yet.
func openVariant(d Device, v Variant, batch int, config Config) (*backend, error) {
	return openHooked(d, v, batch, config, noHooks())
}

func openHooked(d Device, v Variant, batch int, config Config, hooks hooks) (*backend, error) {
	p, err := physicalOf(d)
	if err != nil {
		return nil, err
	}
	if err := v.check(); err != nil {
		return nil, err
	}
	b := &backend{about: d, physical: p, config: config, variant: v, batch: batch, hooks: hooks}
	if err := fits(&b.physical.offer, v); err != nil {
		return nil, err
	}
	if b.current, err = compiledEngine(b.physical, v, config.loadCache(d), hooks); err != nil {
		return nil, err
	}
	return b, nil
}

// fits says why a variant is too much for a device.
func fits(o *offer, v Variant) error {
	if n, most := v.invocations(), min(int(o.invocations), int(o.size_x)); n > most {
		return fmt.Errorf("vulkan: variant %s needs %d invocations in a workgroup, the device has %d", v, n, most)
	}
	if n, most := v.invocations(), v.Subgroup*int(o.subgroups); v.Subgroup > 0 && n > most {
		return fmt.Errorf("vulkan: variant %s needs %d invocations in a workgroup, the device has %d subgroups of %d", v, n, o.subgroups, v.Subgroup)
	}
	if n, most := v.sharedBytes(), int(o.shared_memory); n > most {
		return fmt.Errorf("vulkan: variant %s needs %d bytes of shared memory, the device has %d", v, n, most)
	}
	return nil
}

// Info implements compute.Backend.
func (b *backend) Info() compute.Info {
	b.seen.RLock()
	defer b.seen.RUnlock()
	info := compute.Info{Name: b.about.Name, Kernel: b.variant.String(), Workers: b.about.Workers(), Accelerator: true}
	if b.headers {
		info.Kernel += " +headers"
	}
	return info
}

// Chosen is the variant in use, with what became of each path when it was measured:
// nothing if it was not.
func (b *backend) Chosen() (Variant, []Tried) {
	b.seen.RLock()
	defer b.seen.RUnlock()
	return b.variant, b.tried
}

// Answers reports whether a name means this device: see Device.Answers.
func (b *backend) Answers(name string) bool { return b.about.Answers(name) }

// NewHasher implements compute.Backend. A device that was lost is opened anew.
func (b *backend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if b.tuning == nil {
		h, _, err := b.newHasher(ctx, seed)
		return h, err
	}
	f, err := b.newFollower(ctx, seed)
	if err != nil {
		return nil, err // not f, which would be an interface with a useless follower in it
	}
	return f, nil
}

// newHasher returns a Hasher on the current engine, and that.
func (b *backend) newHasher(ctx context.Context, seed [32]byte) (compute.Hasher, *engine, error) {
	e, batch, headers, err := b.enterAs()
	if err != nil {
		return nil, nil, err
	}
	h, err := newHasher(ctx, e, seed, batch)
	if err != nil {
		return nil, nil, err
	}
	if !headers {
		return h, e, nil
	}
	n, err := newNonceHasher(h)
	if err != nil {
		return nil, nil, err
	}
	return n, e, nil
}

// enterAs is enter, with how the engine is to be used.
func (b *backend) enterAs() (e *engine, batch int, headers bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, err = b.enterLocked()
	b.seen.RLock()
	defer b.seen.RUnlock()
	return e, b.batch, b.headers, err
}

// enter returns an engine that works, as far as one knows, with its caller as a user.
func (b *backend) enter() (*engine, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.enterLocked()
}

func (b *backend) enterLocked() (*engine, error) {
	if b.closed {
		return nil, compute.ErrClosed
	}
	if b.current.lost.Load() {
		fresh, err := compiledEngine(b.physical, b.variant, b.config.loadCache(b.about), b.hooks)
		if err == nil && b.headers {
			if err = fresh.compileHeaders(); err != nil {
				fresh.retire()
			}
		}
		if err != nil {
			return nil, fmt.Errorf("open %s again: %w", b.about.Name, err)
		}
		b.current.retire()
		b.current = fresh
		b.config.log().Info("the device was lost and is open again", "device", b.about.Name)
	}
	b.current.enter()
	return b.current, nil
}

// longestEnd is how long Close waits for the end of a measurement: a compiler under way cannot
// be stopped.
const longestEnd = 2 * time.Second

// Close implements compute.Backend.
func (b *backend) Close() error {
	if t := b.tuning; t != nil {
		t.end()
		select {
		case <-t.ended:
		case <-time.After(longestEnd):
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.closed = true
		b.current.retire()
	}
	return nil
}

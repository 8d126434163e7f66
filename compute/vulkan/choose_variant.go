//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// Open opens a device, with the variant that the configuration names, or that was the
// fastest when it was last measured with this driver, or else is now: each is put to the
// test, and what computes wrong hashes is logged and left out. A graphics card's first
// measurement takes some twenty seconds, or goes on behind the first variant that is right
// until ctx ends or the backend is closed.
//
// A Hasher computes a batch at a time, and notices that its context has ended after the
// batch under way. A lost device fails what it is asked to do until a new Hasher of its
// backend succeeds in opening it again.
func Open(ctx context.Context, d Device, config Config) (compute.Backend, error) {
	config.ended = config.loadEndings(d)
	if config.Variant != (Variant{}) {
		b, rate, err := openProved(ctx, d, config.Variant, config)
		if err == nil {
			err = b.chooseHeaders(ctx, rate)
		}
		return proved(b, err)
	}
	if b, err := openSaved(ctx, d, config); err == nil {
		return b, nil
	} else if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return openFastest(ctx, d, config)
}

// proved closes what an error says is not to be used.
func proved(b *backend, err error) (compute.Backend, error) {
	if err != nil {
		if b != nil {
			err = errors.Join(err, b.Close())
		}
		return nil, err
	}
	return b, nil
}

// openProved opens a variant and proves it.
func openProved(ctx context.Context, d Device, v Variant, config Config) (b *backend, rate float64, err error) {
	err = config.attempting(ctx, d, v.String(), func() (err error) {
		if b, err = openVariant(d, v, 1, config); err == nil {
			rate, err = b.prove(ctx)
		}
		return err
	})
	return b, rate, err
}

// prove lets a variant compute known answers, finds its batch, and returns how many hashes
// a second it computes in such batches.
func (b *backend) prove(ctx context.Context) (rate float64, err error) {
	if err := compute.SelfTest(ctx, b); err != nil {
		return 0, err
	}
	if b.about.IsCPU() {
		return 0, nil // A hash takes longer than a batch should.
	}
	b.batch, rate, err = b.measure(ctx, 0)
	return rate, err
}

// openSaved opens the variant that was chosen before.
func openSaved(ctx context.Context, d Device, config Config) (compute.Backend, error) {
	was, err := config.loadChoice(d)
	if err != nil {
		return nil, err
	}
	if !d.path(was.Variant.Path).Usable {
		return nil, errors.New("its path is not to be used")
	}
	var b *backend
	err = config.attempting(ctx, d, attemptSaved, func() (err error) {
		if b, err = openVariant(d, was.Variant, was.Batch, config); err == nil {
			err = compute.SelfTest(ctx, b)
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		config.log().Warn("the variant chosen before is of no use now", "device", d.Name, "variant", was.Variant.String(), "error", err)
	}
	if b != nil {
		b.tried = was.Tried
	}
	if err == nil {
		err = b.chooseHeaders(ctx, was.Rate)
	}
	return proved(b, err)
}

// openFastest opens the fastest of all variants, or the first that is right if the others
// are to be timed behind it. What computes on the CPU is not timed: the first one that is
// right is good enough for a test.
func openFastest(ctx context.Context, d Device, config Config) (compute.Backend, error) {
	variants, err := candidates(d)
	if err != nil {
		return nil, err
	}
	c := &contest{device: d, config: config, variants: variants}
	defer config.progress(d, len(variants), len(variants))
	first, err := c.next(ctx)
	if err != nil {
		return nil, err
	}
	if first == nil {
		return nil, fmt.Errorf("vulkan: no variant works on %s (%s): %w", d.Name, d.Title, c.failed)
	}
	if d.IsCPU() {
		config.saveCache(d, first.current.compiled())
		config.log().Info("the first variant that is right was chosen: what computes on the CPU is not timed", "device", d.Name, "variant", first.variant.String())
		return proved(first, first.chooseHeaders(ctx, 0))
	}
	if config.Behind {
		first.batch, _, err = first.measure(ctx, 0)
		if err == nil {
			config.saveCache(d, first.current.compiled())
			first.tuneBehind(ctx, c)
		}
		return proved(first, err)
	}
	best, err := c.fastest(ctx, first, func(_ context.Context, do func() error) error { return do() })
	if best != first {
		err = errors.Join(err, first.Close())
	}
	if best == nil {
		return nil, errors.Join(err, c.failed)
	}
	if err == nil {
		err = c.finish(ctx, best)
	}
	return proved(best, err)
}

func (c Config) progress(d Device, done, total int) {
	if c.Progress != nil {
		c.Progress(d.Name, done, total)
	}
}

// measure finds a batch, and how many hashes a second the backend computes in such
// batches over some time. The batch is what takes batchTime, or more if a device is slow
// with one hash and computes several at a time.
func (b *backend) measure(ctx context.Context, long time.Duration) (batch int, rate float64, err error) {
	batch = 1
	for before := 0.0; ; {
		took, err := b.timeBatches(ctx, batch, 0)
		if err != nil {
			return 0, 0, err
		}
		next, more := nextBatch(batch, took, before)
		if !more {
			break
		}
		before, batch = float64(batch)/took.Seconds(), next
	}
	took, err := b.timeBatches(ctx, batch, long)
	return batch, float64(batch) / took.Seconds(), err
}

// timeBatches runs batches for some time, one at least after another that does not
// count, and returns the average.
func (b *backend) timeBatches(ctx context.Context, batch int, long time.Duration) (time.Duration, error) {
	e, err := b.enter()
	if err != nil {
		return 0, err
	}
	h, err := newHasher(ctx, e, [32]byte{}, batch)
	if err != nil {
		return 0, err
	}
	defer h.Close()
	headers, results := make([][32]byte, batch), make([][32]byte, batch)
	for i := range headers {
		for k := range headers[i] {
			headers[i][k] = byte(rand.Uint32())
		}
	}
	if err := h.Hash(ctx, results, headers); err != nil {
		return 0, err
	}
	start, n := time.Now(), 0
	for n == 0 || time.Since(start) < long {
		if err := h.Hash(ctx, results, headers); err != nil {
			return 0, err
		}
		n++
	}
	return time.Since(start) / time.Duration(n), nil
}

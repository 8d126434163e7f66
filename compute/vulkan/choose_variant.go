//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// trial is how long a variant is timed.
const trial = 2 * time.Second

// Open opens a device, with the variant that the configuration names, or that was the
// fastest when it was last measured with this driver, or else is now: each is put to the
// test, and what computes wrong hashes is logged and left out. A graphics card's first
// measurement takes some twenty seconds.
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
	return b.measure(ctx, 0)
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

// openFastest tries all variants. What computes on the CPU is not timed: the first one
// that is right is good enough for a test.
func openFastest(ctx context.Context, d Device, config Config) (compute.Backend, error) {
	variants, err := candidates(d)
	if err != nil {
		return nil, err
	}
	var best, all chosenVariant
	var failed error
	defer config.progress(d, len(variants), len(variants))
	for i, v := range variants {
		config.progress(d, i, len(variants))
		if why := config.ended.why(v); why != "" {
			all.note(v.Path, 0, errors.New(why))
			failed = errors.Join(failed, fmt.Errorf("%s: %s", v, why))
			continue
		}
		rated, err := try(ctx, d, v, config)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			config.log().Warn("a variant is not used", "device", d.Name, "variant", v.String(), "error", err)
			failed = errors.Join(failed, err)
			all.note(v.Path, 0, err)
			continue
		}
		all.note(v.Path, rated.Rate, nil)
		config.log().Debug("a variant was timed", "device", d.Name, "variant", v.String(), "hashes_per_second", rated.Rate)
		if rated.Rate > best.Rate {
			best = rated
		}
		if d.IsCPU() {
			break
		}
	}
	if best.Rate == 0 {
		return nil, fmt.Errorf("vulkan: no variant works on %s (%s): %w", d.Name, d.Title, cmp.Or(failed, errors.New("it has no path that can be used")))
	}
	b, err := openVariant(d, best.Variant, best.Batch, config)
	if err != nil {
		return nil, err
	}
	if err := b.chooseHeaders(ctx, best.Rate); err != nil {
		return proved(b, err)
	}
	if best.Tried = all.Tried; !d.IsCPU() {
		b.tried = best.Tried
		config.saveChoice(d, best)
	}
	config.save(d, ".cache", b.current.compiled())
	config.log().Info("the fastest variant was chosen", "device", d.Name, "variant", best.Variant.String(), "hashes_per_second", best.Rate, "batch", best.Batch)
	return b, nil
}

func (c Config) progress(d Device, done, total int) {
	if c.Progress != nil {
		c.Progress(d.Name, done, total)
	}
}

// try proves and times a variant.
func try(ctx context.Context, d Device, v Variant, config Config) (chosenVariant, error) {
	var b *backend
	err := config.attempting(ctx, d, v.String(), func() (err error) {
		if b, err = openVariant(d, v, 1, config); err == nil {
			err = compute.SelfTest(ctx, b)
		}
		return err
	})
	if b != nil {
		defer b.Close()
	}
	if err != nil {
		return chosenVariant{}, err
	}
	if d.IsCPU() {
		return chosenVariant{Variant: v, Batch: 1, Rate: 1}, nil // The first will do.
	}
	rate, err := b.measure(ctx, trial)
	return chosenVariant{Variant: v, Batch: b.batch, Rate: rate}, err
}

// measure finds a batch, and returns how many hashes a second the backend computes in such
// batches over some time. The batch is what takes batchTime, or more if a device is slow
// with one hash and computes several at a time.
func (b *backend) measure(ctx context.Context, long time.Duration) (rate float64, err error) {
	for before := 0.0; ; {
		took, err := b.timeBatches(ctx, 0)
		if err != nil {
			return 0, err
		}
		next, more := nextBatch(b.batch, took, before)
		if !more {
			break
		}
		before, b.batch = float64(b.batch)/took.Seconds(), next
	}
	took, err := b.timeBatches(ctx, long)
	return float64(b.batch) / took.Seconds(), err
}

// timeBatches runs batches for some time, one at least after another that does not
// count, and returns the average.
func (b *backend) timeBatches(ctx context.Context, long time.Duration) (time.Duration, error) {
	h, err := b.NewHasher(ctx, [32]byte{})
	if err != nil {
		return 0, err
	}
	defer h.Close()
	headers, results := make([][32]byte, h.Batch()), make([][32]byte, h.Batch())
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

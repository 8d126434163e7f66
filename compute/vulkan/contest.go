//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// trial is how long a variant is timed.
const trial = 2 * time.Second

// contest is between the variants of a device.
type contest struct {
	device   Device
	config   Config
	variants []Variant
	begun    int           // so many of them have had their turn
	opened   int           // and so many of those were right
	best     chosenVariant // with what became of all paths
	failed   error         // of those that are of no use
}

// next opens the next variant that computes right hashes; it is nil after the last. The error
// is ctx's.
func (c *contest) next(ctx context.Context) (*backend, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for c.begun < len(c.variants) {
		v := c.variants[c.begun]
		c.config.progress(c.device, c.begun, len(c.variants))
		c.begun++
		b, err := c.open(ctx, v)
		if err == nil {
			return b, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.strike(v, err)
	}
	return nil, nil
}

// open opens a variant and has it compute known answers.
func (c *contest) open(ctx context.Context, v Variant) (b *backend, err error) {
	if why := c.config.ended.why(v); why != "" {
		return nil, fmt.Errorf("vulkan: variant %s: %s", v, why)
	}
	err = c.config.attempting(ctx, c.device, v.String(), func() (err error) {
		if c.opened > 0 { // Nobody waits for it any more.
			if err := c.checkSpills(v); err != nil {
				return err
			}
		}
		if b, err = openVariant(c.device, v, 1, c.config); err == nil {
			err = compute.SelfTest(ctx, b)
		}
		return err
	})
	if err != nil && b != nil {
		err = errors.Join(err, b.Close())
	}
	if err == nil {
		c.opened++
	}
	return b, err
}

func (c *contest) checkSpills(v Variant) error {
	p, err := physicalOf(c.device)
	if err != nil {
		return err
	}
	return checkSpills(p, v)
}

// strike notes that a variant is of no use.
func (c *contest) strike(v Variant, err error) {
	c.failed = errors.Join(c.failed, err)
	c.best.note(v.Path, 0, err)
	switch {
	case errors.Is(err, errSpills): // That is no fault.
		c.config.log().Debug("a variant is not timed", "device", c.device.Name, "variant", v.String(), "error", err)
	case c.config.ended.why(v) == "": // Or it was said when it was found.
		c.config.log().Warn("a variant is not used", "device", c.device.Name, "variant", v.String(), "error", err)
	}
}

// fastest times a variant and all that come after it, each while alone is called, and returns
// the fastest. The first stays open, the others that are slower do not. It is nil if none
// could be timed, and on error, which is ctx's.
func (c *contest) fastest(ctx context.Context, first *backend, alone func(context.Context, func() error) error) (best *backend, err error) {
	for b := first; b != nil; {
		var batch int
		var rate float64
		err := alone(ctx, func() (err error) {
			batch, rate, err = b.measure(ctx, trial)
			return err
		})
		slower := b
		switch v := b.variant; {
		case ctx.Err() != nil:
		case err != nil:
			c.strike(v, err)
		default:
			c.best.note(v.Path, rate, nil)
			c.config.log().Debug("a variant was timed", "device", c.device.Name, "variant", v.String(), "hashes_per_second", rate)
			if rate > c.best.Rate {
				c.best.Variant, c.best.Batch, c.best.Rate = v, batch, rate
				best, slower = b, best
			}
		}
		var closing error
		if slower != nil && slower != first {
			closing = slower.Close()
		}
		if b, err = c.next(ctx); err != nil {
			if best != nil && best != first {
				closing = errors.Join(closing, best.Close())
			}
			return nil, errors.Join(err, closing)
		}
	}
	return best, nil
}

// finish makes the best variant's backend, which nobody uses yet, ready, and keeps the choice.
func (c *contest) finish(ctx context.Context, best *backend) error {
	best.batch, best.tried = c.best.Batch, c.best.Tried
	if err := best.chooseHeaders(ctx, c.best.Rate); err != nil {
		return err
	}
	c.keep(best)
	return nil
}

// keep keeps and logs the choice.
func (c *contest) keep(best *backend) {
	c.config.saveChoice(c.device, c.best)
	if e, err := best.enter(); err == nil { // Or it is lost, and the next start compiles.
		c.config.saveCache(c.device, e.compiled())
		e.leave()
	}
	c.config.log().Info("the fastest variant was chosen", "device", c.device.Name, "variant", c.best.Variant.String(), "hashes_per_second", c.best.Rate, "batch", c.best.Batch)
}

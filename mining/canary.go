package mining

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Canary computes Tensority(header, seed) for a device's header, by another kernel than the
// device's own: right under one compiler, driver or instruction set and wrong under another is
// noticed so, and so is a card that has begun to err.
type Canary func(ctx context.Context, device string, header, seed [32]byte) ([32]byte, error)

// canaryPart is the part of a core that looking after a device may take: the pause after a look
// is so many times what the look took.
const canaryPart = 1000

// canary looks after a device: now and then one of its headers is hashed again. It belongs to the
// goroutine of lookAfter, but for wanted and samples.
type canary struct {
	wanted  atomic.Bool
	samples chan sample
	// looked counts the headers that were hashed again.
	looked atomic.Uint64
}

// sample is a result of a device.
type sample struct{ header, seed, result [32]byte }

func newCanary() *canary { return &canary{samples: make(chan sample, 1)} }

// offer takes one of a batch's results, if one is wanted. It costs nothing otherwise.
func (c *canary) offer(job *Job, timestamp, first uint64, results [][32]byte) {
	if len(results) == 0 || !c.wanted.CompareAndSwap(true, false) {
		return
	}
	n := rand.IntN(len(results))
	select {
	case c.samples <- sample{job.HeaderHash(timestamp, first+uint64(n)), job.Template.Tip.Seed.Byte32(), results[n]}:
	default: // One is there from before the settings changed.
	}
}

// check computes a sample again. Where that differs from the device's result it does so twice, as the
// checking kernel errs too, a bit of its memory being flipped say: what it says once stops no device.
func (m *Miner) check(ctx context.Context, d *device, s sample) (right [32]byte, err error) {
	first, err := m.cfg.Canary(ctx, d.info.Name, s.header, s.seed)
	if err != nil || first == s.result {
		return first, err
	}
	if right, err = m.cfg.Canary(ctx, d.info.Name, s.header, s.seed); err == nil && right != first {
		err = fmt.Errorf("the other kernel itself has erred: header %x gave %x first, and then %x", s.header, first, right)
	}
	return right, err
}

// lookAfter looks at a device's results until ctx ends, or it errs.
func (m *Miner) lookAfter(ctx context.Context, d *device) {
	pause := time.Second
	for {
		sleep(ctx, pause)
		d.canary.wanted.Store(true)
		var s sample
		select {
		case s = <-d.canary.samples:
		case <-ctx.Done():
			return
		}
		start := time.Now()
		right, err := m.check(ctx, d, s)
		pause = max(time.Second, canaryPart*time.Since(start))
		if err != nil {
			if ctx.Err() == nil {
				m.cfg.Log.Warn("a device's result was not checked by another kernel", "device", d.info.Name, "error", err)
			}
			continue
		}
		d.canary.looked.Add(1)
		if right == s.result {
			continue
		}
		why := fmt.Sprintf("%v from %s (%s): header %x gave %x, another kernel says %x", errWrongResult, d.info.Name, d.backend.Info().Kernel, s.header, s.result, right)
		if d.failed.CompareAndSwap(nil, &why) {
			m.cfg.Log.Error("device stopped", "error", why)
		}
		return
	}
}

package rig

import (
	"context"
	"errors"
	"fmt"

	"github.com/bytom-solo/bytom-solo/compute"
)

// worker is one goroutine's work on one device.
type worker struct {
	rig    *Rig
	device *device
	// late ends later than the worker's own context: a solution still goes out.
	late context.Context

	hasher   compute.NonceHasher
	seed     [32]byte
	nonces   []uint64
	results  [][32]byte
	failures pause
}

func (w *worker) run(ctx context.Context) {
	defer w.closeHasher()
	w.failures = newPause()
	for w.rig.goOn(ctx) {
		state := w.rig.state.Load()
		if state.work == nil || state.work.nonces.spent() {
			if state.work != nil {
				w.rig.ask()
			}
			select {
			case <-state.replaced:
			case <-ctx.Done():
			}
			continue
		}
		if h := w.rig.holds.of(state.work); h != nil {
			select {
			case <-h.over:
			case <-state.replaced:
			case <-ctx.Done():
			}
			continue
		}
		if err := w.step(ctx, state.work); err != nil && ctx.Err() == nil {
			if errors.Is(err, compute.ErrUnusable) {
				w.rig.stop(w.device, err.Error())
				return
			}
			w.rig.log.Warn("device failed, will retry", "device", w.device.info.Name, "error", err)
			w.closeHasher()
			w.failures.wait(ctx, nil)
			continue
		}
		w.failures = newPause()
	}
}

// step hashes one batch.
func (w *worker) step(ctx context.Context, work *work) error {
	if err := w.prepare(ctx, work.seed); err != nil {
		return err
	}
	if n := w.hasher.Batch(); n != len(w.nonces) { // It changes where a device is tuned.
		w.nonces, w.results = make([]uint64, n), make([][32]byte, n)
	}
	first, n := work.nonces.take(len(w.nonces))
	nonces, results := w.nonces[:n], w.results[:n]
	for i := range nonces {
		nonces[i] = work.nonces.at(first + uint64(i))
	}
	header := work.headers.Body()
	if err := w.device.calls.Do(w, func() error { return w.hasher.HashNonces(ctx, results, &header, nonces) }); err != nil {
		return fmt.Errorf("hash a batch of %d: %w", n, err)
	}
	now := w.rig.state.Load().work
	w.device.count(n, now != nil && !now.sameTip(work))
	for i, result := range results {
		ok, block := work.met(result)
		if !ok {
			continue
		}
		w.device.found(result)
		w.rig.deliver(w.late, solution{work, nonces[i], result, block, w.device})
	}
	return nil
}

// prepare opens a hasher for a seed, unless the worker has it.
func (w *worker) prepare(ctx context.Context, seed [32]byte) error {
	if w.hasher != nil && w.seed == seed {
		return nil
	}
	w.closeHasher()
	var h compute.Hasher
	err := w.device.calls.Do(w, func() (err error) { h, err = w.device.backend.NewHasher(ctx, seed); return err })
	if err != nil {
		return fmt.Errorf("prepare seed %x: %w", seed, err)
	}
	w.hasher, w.seed = compute.Nonces(h), seed
	return nil
}

func (w *worker) closeHasher() {
	if w.hasher == nil {
		return
	}
	if err := w.device.calls.Do(w, w.hasher.Close); err != nil {
		w.rig.log.Warn("a device did not let go of its work", "device", w.device.info.Name, "error", err)
	}
	w.hasher = nil
}

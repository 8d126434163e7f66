package main

import (
	"context"
	"fmt"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

// rigWorker is one goroutine's work on one device.
type rigWorker struct {
	rig     *rigMiner
	backend compute.Backend
	number  int // among all of the rig's

	work     *rigWork
	part     rigPart
	hasher   compute.Hasher
	seed     [32]byte
	headers  [][32]byte
	results  [][32]byte
	failures pause
}

// rigPart is what one worker has of a work: headers that no other worker hashes.
type rigPart struct {
	header     types.BlockHeader
	extranonce []byte // nil with get-work
	// nonce is the next one, end the first that is not this worker's.
	nonce, end uint64
}

// rigSolution is a header that meets the target of its work.
type rigSolution struct {
	work       *rigWork
	header     types.BlockHeader
	extranonce []byte
}

func (w *rigWorker) run(ctx context.Context) {
	defer w.closeHasher()
	w.failures = newPause()
	for ctx.Err() == nil {
		state := w.rig.work.Load()
		if state.work == nil || state.work == w.work && w.spent() {
			select {
			case <-state.replaced:
			case <-ctx.Done():
			}
			continue
		}
		if err := w.step(ctx, state.work); err != nil && ctx.Err() == nil {
			w.rig.log.Warn("device failed, will retry", "device", w.backend.Info().Name, "error", err)
			w.closeHasher()
			w.work = nil
			w.failures.wait(ctx, nil)
			continue
		}
		w.failures = newPause()
	}
}

// spent tells whether the worker has hashed all of its part.
func (w *rigWorker) spent() bool { return w.part.end-w.part.nonce < uint64(len(w.headers)) }

// step hashes one batch.
func (w *rigWorker) step(ctx context.Context, work *rigWork) error {
	if err := w.accept(ctx, work); err != nil {
		return err
	}
	header := w.part.header
	for i := range w.headers {
		header.Nonce = w.part.nonce + uint64(i)
		w.headers[i] = header.Hash().Byte32()
	}
	if err := w.hasher.Hash(ctx, w.results, w.headers); err != nil {
		return fmt.Errorf("hash a batch of %d: %w", len(w.headers), err)
	}
	first := w.part.nonce
	w.part.nonce += uint64(len(w.headers))
	w.rig.hashes.Add(uint64(len(w.headers)))
	for i, result := range w.results {
		if work.target.Met(result) {
			header.Nonce = first + uint64(i)
			w.rig.found(ctx, rigSolution{work, header, w.part.extranonce})
			return nil
		}
	}
	return nil
}

// accept takes the worker's part of a work, and has a hasher for its seed.
func (w *rigWorker) accept(ctx context.Context, work *rigWork) (err error) {
	if w.work == work {
		return nil
	}
	if w.hasher == nil || w.seed != work.seed {
		w.closeHasher()
		if w.hasher, err = w.backend.NewHasher(ctx, work.seed); err != nil {
			w.hasher = nil
			return fmt.Errorf("prepare seed %x: %w", work.seed, err)
		}
		w.seed = work.seed
		w.headers = make([][32]byte, w.hasher.Batch())
		w.results = make([][32]byte, w.hasher.Batch())
	}
	if w.part, err = work.part(w.number); err != nil {
		return err
	}
	w.work = work
	return nil
}

func (w *rigWorker) closeHasher() {
	if w.hasher == nil {
		return
	}
	if err := w.hasher.Close(); err != nil {
		w.rig.log.Warn("close a hasher", "device", w.backend.Info().Name, "error", err)
	}
	w.hasher = nil
}

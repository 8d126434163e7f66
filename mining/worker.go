package mining

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// errWrongResult marks a device that claimed a solution which the CPU refutes.
var errWrongResult = errors.New("wrong result")

// worker is one goroutine's work on one device.
type worker struct {
	miner   *Miner
	device  *device
	lease   *Lease
	percent int

	job       *Job
	nonce     uint64
	hasher    compute.NonceHasher
	seed      [32]byte
	templates <-chan *Template
	nonces    []uint64
	results   [][32]byte
	troubled  bool
}

func (w *worker) run(ctx context.Context) {
	lowPriority()
	templates, cancel := w.miner.cfg.Generator.Subscribe()
	defer cancel()
	w.templates = templates
	defer w.closeHasher()

	log := w.miner.cfg.Log.With("device", w.device.info.Name)
	defer w.inTrouble(nil)
	for pause := time.Second; ctx.Err() == nil; {
		err := w.step(ctx)
		switch {
		case err == nil:
			pause = time.Second
			w.inTrouble(nil)
		case ctx.Err() != nil:
			return
		case errors.Is(err, errWrongResult), errors.Is(err, compute.ErrUnusable):
			why := err.Error()
			if w.device.failed.CompareAndSwap(nil, &why) {
				log.Error("device stopped", "error", err)
			}
			return
		default:
			log.Warn("device failed, will retry", "error", err, "in", pause)
			w.inTrouble(err)
			w.closeHasher()
			sleep(ctx, pause)
			pause = min(2*pause, time.Minute)
		}
		if w.device.failed.Load() != nil {
			return
		}
	}
}

// inTrouble notes whether the worker has to try again after an error.
func (w *worker) inTrouble(err error) {
	if err != nil {
		why := err.Error()
		w.device.trouble.Store(&why)
	}
	if troubled := err != nil; troubled != w.troubled {
		w.troubled = troubled
		w.device.troubled.Add(map[bool]int32{true: 1, false: -1}[troubled])
	}
}

// step takes the newest work and hashes one batch of it.
func (w *worker) step(ctx context.Context) error {
	w.fitBatch()
	if err := w.takeWork(ctx); err != nil {
		return err
	}
	if err := w.prepare(ctx); err != nil {
		return err
	}
	// After a solution the worker takes new work, and the batch may hold another.
	job, first := w.job, w.nonce
	t := job.Template
	header := job.HeaderBody(t.Timestamp)
	for i := range w.nonces {
		w.nonces[i] = first + uint64(i)
	}
	start := time.Now()
	err := w.device.calls.Do(w, func() error { return w.hasher.HashNonces(ctx, w.results, &header, w.nonces) })
	if err != nil {
		return fmt.Errorf("hash a batch of %d: %w", len(w.nonces), err)
	}
	took := time.Since(start)
	w.nonce += uint64(len(w.nonces))
	w.count(t)
	w.device.canary.offer(job, t.Timestamp, first, w.results)
	for i, result := range w.results {
		if !t.Target.Met(result) {
			continue
		}
		err := w.submit(ctx, Solution{Job: job, Timestamp: t.Timestamp, Nonce: first + uint64(i)})
		if err != nil {
			return err
		}
	}
	w.rest(ctx, took)
	return nil
}

// longestRest bounds a rest, however long the batch before took: the machine may have
// been asleep.
const longestRest = time.Minute

// rest keeps to the worker's part of the time after a batch. New work is taken after
// it, so that none grows old meanwhile.
func (w *worker) rest(ctx context.Context, took time.Duration) {
	if w.percent > 0 && w.percent < 100 {
		sleep(ctx, min(longestRest, took*time.Duration(100-w.percent)/time.Duration(w.percent)))
	}
}

// count counts a batch that was spent on t.
func (w *worker) count(t *Template) {
	n := uint64(len(w.nonces))
	w.device.meter.Add(time.Now(), n)
	w.device.hashes.Add(n)
	if now, _ := w.miner.cfg.Generator.Current(); now != nil && now.Tip.Hash != t.Tip.Hash {
		w.device.wasted.Add(n)
	}
}

// takeWork takes a job from the newest template if the worker has not seen that yet, and
// waits while there is no template at all.
func (w *worker) takeWork(ctx context.Context) error {
	select {
	case t := <-w.templates:
		w.accept(t)
	default:
	}
	for w.job == nil {
		select {
		case t := <-w.templates:
			w.accept(t)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if w.nonce > MaxNonce-uint64(len(w.nonces)) {
		w.accept(w.job.Template)
	}
	return nil
}

func (w *worker) accept(t *Template) {
	old := w.job
	if w.job, w.nonce = nil, 0; t == nil || w.miner.cfg.Generator.vouch(t) != nil {
		return
	}
	w.job = NewJob(t, w.lease.Next())
	if old != nil && old.Template.Tip.Hash != t.Tip.Hash {
		w.miner.cfg.Observe(StageSwitch, time.Since(t.published))
	}
}

// prepare opens a hasher for the job's seed, unless the worker has it.
func (w *worker) prepare(ctx context.Context) error {
	seed := w.job.Template.Tip.Seed.Byte32()
	if w.hasher != nil && seed == w.seed {
		return nil
	}
	start, change := time.Now(), w.hasher != nil
	w.closeHasher()
	var h compute.Hasher
	err := w.device.calls.Do(w, func() (err error) { h, err = w.device.backend.NewHasher(ctx, seed); return err })
	if err != nil {
		return fmt.Errorf("prepare seed %x: %w", seed, err)
	}
	if w.hasher, w.seed = compute.Nonces(h), seed; change {
		dead := time.Since(start)
		w.device.dead.Store(int64(dead))
		w.miner.cfg.Observe(StageSeed, dead)
		w.miner.cfg.Log.Debug("new seed", "device", w.device.info.Name, "height", w.job.Template.Height, "dead_time", dead)
	}
	w.fitBatch()
	return nil
}

// fitBatch makes room for a batch of the hasher, which changes where a device is tuned.
func (w *worker) fitBatch() {
	if w.hasher == nil || w.hasher.Batch() == len(w.nonces) {
		return
	}
	w.nonces = make([]uint64, w.hasher.Batch())
	w.results = make([][32]byte, w.hasher.Batch())
}

func (w *worker) closeHasher() {
	if w.hasher != nil {
		if err := w.device.calls.Do(w, w.hasher.Close); err != nil {
			w.miner.cfg.Log.Warn("a device did not let go of its work", "device", w.device.info.Name, "error", err)
		}
		w.hasher = nil
	}
}

// submit submits a solution, and waits a moment for the work that follows it: the old job
// is worth nothing now.
func (w *worker) submit(ctx context.Context, sol Solution) error {
	type answer struct {
		verdict Verdict
		err     error
	}
	done := make(chan answer, 1)
	m, old := w.miner, sol.Job.Template
	go func() { // Not on this thread, which has the lowest priority.
		// One after the other: on an easy network two workers find the same height.
		m.submitting.Lock()
		defer m.submitting.Unlock()
		if m.cfg.Submitter.Replaced(old.Tip.Hash) {
			m.cfg.Log.Debug("block not submitted: another of ours was first on its tip", "device", w.device.info.Name, "height", old.Height)
			done <- answer{verdict: Verdict{Outcome: MainChain}}
			return
		}
		sol.By = Finder{Kind: FoundByDevice, Name: w.device.info.Name, Owner: m.cfg.Owner}
		v, err := m.cfg.Submitter.Submit(context.WithoutCancel(ctx), sol)
		done <- answer{v, err}
	}()
	a := <-done
	if errors.Is(a.err, ErrHighHash) {
		return fmt.Errorf("%w from %s (%s): %w", errWrongResult, w.device.info.Name, w.device.backend.Info().Kernel, a.err)
	}
	if errors.Is(a.err, ErrStopped) {
		// It is in the journal, and the next start submits it.
		m.cfg.Log.Info("a block was found as the node stops", "device", w.device.info.Name, "height", old.Height)
		return nil
	}
	if a.err != nil {
		m.cfg.Log.Warn("solution refused", "device", w.device.info.Name, "height", old.Height, "error", a.err)
		return nil
	}
	if a.verdict.Outcome == MainChain {
		w.awaitNext(ctx, old)
	}
	return nil
}

func (w *worker) awaitNext(ctx context.Context, old *Template) {
	timeout := time.NewTimer(100 * time.Millisecond)
	defer timeout.Stop()
	for w.job != nil && w.job.Template.Tip.Hash == old.Tip.Hash {
		select {
		case t := <-w.templates:
			w.accept(t)
		case <-timeout.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

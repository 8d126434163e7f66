package rig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// Source is where work comes from and where solutions go: a node (NewGetWork,
// NewTemplates) or a list of pools (NewPool).
type Source interface {
	// run offers work to the rig until ctx ends, which returns nil, or until it is
	// refused for good.
	run(ctx context.Context, r *Rig) error
	// submit submits a solution, and tries again where that may help, until ctx ends. The error goes with every outcome but Accepted.
	submit(ctx context.Context, s solution) (Outcome, error)
	status() SourceStatus
}

// Config is what a Rig needs.
type Config struct {
	Source Source
	// Devices are what it mines on, each with as many workers as the device says.
	Devices []compute.Backend
	// Threads caps the workers on a device; 0 does not.
	Threads int
	// Checker verifies the solutions of the other devices; nil trusts them.
	Checker compute.Backend
	// API serves the Status; nil does not. The rig closes it.
	API net.Listener
	// Version is the program's, for the status.
	Version string
	// Log takes what happens; nil discards it. Shares is the level of a line for each
	// share and job, Every how often there is a status line; 0 is a minute.
	Log    *slog.Logger
	Shares slog.Level
	Every  time.Duration
	// Grace is how long solutions on their way may take to go out when the rig is to
	// end; 0 is 4 s.
	Grace time.Duration
}

// ErrRefused means that the source refuses for good what it is asked for.
var ErrRefused = errors.New("refused")

// ErrWrongHashes means that no device is left: they compute wrong hashes, or none at all.
var ErrWrongHashes = errors.New("no device is left: all compute wrong hashes, or none")

// Rig mines for a source. All methods are safe for concurrent use.
type Rig struct {
	cfg     Config
	log     *slog.Logger
	devices []*device
	checker *compute.Verifier // nil where nothing is checked
	started time.Time

	state atomic.Pointer[state]
	fetch chan struct{} // one slot: work is wanted now
	// inFlight counts solutions on their way, of which there are up to maxInFlight.
	inFlight    atomic.Int64
	maxInFlight int64
	landed      chan struct{} // one slot: the last one on its way has ended

	turns blockTurns
	holds tipHolds
	// paused is closed when the rig goes on; nil while it is not paused.
	paused atomic.Pointer[chan struct{}]

	mu    sync.Mutex
	known nonceMemory
	// accepted is the difficulty of all accepted shares, blocks how many of them
	// were blocks.
	accepted float64
	blocks   uint64
	// refusedBlocks counts the blocks in a row that were not accepted.
	refusedBlocks int
}

// state is the work that there is, or nil.
type state struct {
	work     *work
	since    time.Time
	replaced chan struct{} // closed when it is no longer the state
}

func newState(w *work) *state {
	return &state{work: w, since: time.Now(), replaced: make(chan struct{})}
}

// New returns a Rig. It does nothing before Run.
func New(cfg Config) *Rig {
	cfg.Every, cfg.Grace = cmp.Or(cfg.Every, time.Minute), cmp.Or(cfg.Grace, 4*time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	r := &Rig{cfg: cfg, log: cfg.Log, started: time.Now(), fetch: make(chan struct{}, 1), landed: make(chan struct{}, 1), maxInFlight: 1000, known: newNonceMemory()}
	for _, b := range cfg.Devices {
		r.devices = append(r.devices, newDevice(b, cfg.Threads))
	}
	r.state.Store(newState(nil))
	return r
}

// Run mines until ctx ends, which is a clean stop and returns nil. Other ends are
// ErrRefused and ErrWrongHashes.
func (r *Rig) Run(ctx context.Context) error {
	if r.cfg.Checker != nil {
		r.checker = compute.NewVerifier(r.cfg.Checker)
		defer r.checker.Close()
	}
	mining, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// The source is needed for as long as solutions are on their way.
	late, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()

	var side sync.WaitGroup
	side.Go(func() {
		if err := r.cfg.Source.run(late, r); err != nil {
			stop(err)
		}
	})
	side.Go(func() { r.report(late) })
	if r.cfg.API != nil {
		side.Go(func() { r.serve(late) })
	}
	r.work(mining, late)
	r.drain(end)
	side.Wait()
	total := r.Status().Shares
	r.log.Info("stopped", "accepted", total.Accepted, "rejected", total.refused(), "lost", total.Lost, "blocks", r.Status().Blocks)
	switch {
	case ctx.Err() != nil:
		return nil
	case mining.Err() != nil:
		return context.Cause(mining)
	}
	return ErrWrongHashes
}

// work runs the devices' workers until ctx ends, or the last of them has. One whose driver does not return then is left.
func (r *Rig) work(ctx, late context.Context) {
	var workers sync.WaitGroup
	for _, d := range r.devices {
		own, stop := context.WithCancel(ctx)
		defer stop()
		d.stop = stop
		workers.Go(func() { r.prepareSeeds(own, d) })
		for range d.workers {
			w := &worker{rig: r, device: d, late: late}
			workers.Go(func() { w.run(own) })
		}
		args := []any{"device", d.info.Name, "kernel", d.info.Kernel}
		if d.info.Expansion != "" {
			args = append(args, "expansion", d.info.Expansion)
		}
		r.log.Info("mining", append(args, "workers", d.workers)...)
	}
	ended := make(chan struct{})
	go func() { workers.Wait(); close(ended) }()
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	half := r.cfg.Grace / 2 // Solutions on their way may take the other.
	patience := time.NewTimer(half)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
		r.log.Warn("a device does not return from its work; the end does not wait for it", "waited", half)
	}
}

// prepareSeeds lets a device expand each new seed as soon as there is work on it, while
// its workers still finish their batches.
func (r *Rig) prepareSeeds(ctx context.Context, d *device) {
	var seed [32]byte
	for r.goOn(ctx) {
		s := r.state.Load()
		if s.work != nil && s.work.seed != seed {
			seed = s.work.seed
			if h, err := d.backend.NewHasher(ctx, seed); err == nil {
				_ = h.Close() // Who hashes with it meets and reports what fails.
			}
		}
		select {
		case <-s.replaced:
		case <-ctx.Done():
		}
	}
}

// drain waits for solutions on their way, for the time of grace, and then ends all that
// is left. A device that did not return in time may bring one meanwhile, which a sync.WaitGroup does not allow.
func (r *Rig) drain(end func()) {
	grace := time.AfterFunc(r.cfg.Grace, end)
	for r.inFlight.Load() > 0 {
		<-r.landed
	}
	grace.Stop()
	end()
}

// ask signals the source that there is nothing left to hash.
func (r *Rig) ask() {
	select {
	case r.fetch <- struct{}{}:
	default:
	}
}

// take gives the workers other work; nil stops them until there is some. A header that was
// worked on before is continued where it was left.
func (r *Rig) take(w *work) {
	if w != nil {
		r.mu.Lock()
		w.nonces = r.known.get(w.headers, w.nonces)
		r.mu.Unlock()
	}
	close(r.state.Swap(newState(w)).replaced)
}

// deliver checks and submits a solution in the background. A block holds the workers off
// its tip.
func (r *Rig) deliver(ctx context.Context, s solution) {
	if r.inFlight.Add(1) > r.maxInFlight && !s.block {
		r.land()
		s.device.shares.add(Unanswered) // Far too easy ones, or a server that is stuck.
		return
	}
	var h *tipHold
	if s.block {
		h = r.holds.begin(s.work)
	}
	go func() {
		defer r.land()
		if !s.block {
			r.submitShare(ctx, s)
			return
		}
		if !r.check(ctx, s) {
			r.holds.settle(h, false, nil)
			return
		}
		if taken, submitted := r.submitBlock(ctx, s, h); submitted {
			r.holds.settle(h, taken, func() bool { return r.goesOn(s.work) })
		}
	}()
}

// land counts a solution as on its way no longer.
func (r *Rig) land() {
	if r.inFlight.Add(-1) > 0 {
		return
	}
	select {
	case r.landed <- struct{}{}:
	default: // drain has yet to look.
	}
}

// submitShare submits a share, unless a block of ours has ended its tip.
func (r *Rig) submitShare(ctx context.Context, s solution) {
	if !r.check(ctx, s) {
		return
	}
	if h := r.holds.of(s.work); h != nil {
		select {
		case <-h.over:
		case <-ctx.Done():
		}
		if r.turns.lost(s.work) {
			r.logRival(s)
			return
		}
	}
	r.submit(ctx, s)
}

// submitBlock submits a block. Where the source is known to take one block of a tip, the
// tip's blocks have turns, and the block is not submitted after another was accepted. It
// reports whether the block was taken, and whether it was submitted.
func (r *Rig) submitBlock(ctx context.Context, s solution, h *tipHold) (taken, submitted bool) {
	submit := func() Outcome {
		o := r.submit(ctx, s)
		taken = o == Accepted
		return o
	}
	if !s.work.node && h == nil {
		submit()
		return taken, true
	}
	if submitted = r.turns.submit(ctx, s.work, submit); !submitted {
		r.logRival(s)
	}
	if s.work.node {
		r.ask()
	}
	return taken, submitted
}

// goesOn reports whether other work has followed a block that was taken. Where the rig has
// the old work alone, that is worth hashing again.
func (r *Rig) goesOn(w *work) bool {
	now := r.state.Load().work
	if now == nil || !r.turns.lost(now) {
		return true
	}
	if !w.node {
		r.turns.forget(w.header.PreviousBlockHash)
	}
	return false
}

// check reports whether the checker computes the same hash as the device, which is stopped
// if it does not.
func (r *Rig) check(ctx context.Context, s solution) bool {
	if r.checker == nil || s.device.backend == r.cfg.Checker {
		return true
	}
	h := s.header()
	result, err := r.checker.Hash(ctx, h.Hash().Byte32(), s.work.seed)
	if err != nil {
		return true // The source will find out.
	}
	if result == s.result {
		return true
	}
	why := fmt.Sprintf("wrong result: header %x, seed %x: got %x, and %x from %s",
		h.Hash().Byte32(), s.work.seed, s.result, result, r.cfg.Checker.Info().Name)
	r.stop(s.device, why)
	return false
}

// stop stops a device for good.
func (r *Rig) stop(d *device, why string) {
	if d.fail(why) {
		r.log.Error("device stopped", "device", d.info.Name, "kernel", d.backend.Info().Kernel, "error", why)
	}
}

// submit submits a solution to the source, and counts and logs what became of it.
func (r *Rig) submit(ctx context.Context, s solution) Outcome {
	start := time.Now()
	outcome, err := r.cfg.Source.submit(ctx, s)
	s.device.shares.add(outcome)
	r.mu.Lock()
	if outcome == Accepted {
		r.accepted += s.work.difficulty()
		if s.block {
			r.blocks++
		}
	}
	if s.block {
		if r.refusedBlocks++; outcome == Accepted || outcome == Lost {
			r.refusedBlocks = 0
		}
	}
	refused := r.refusedBlocks
	r.mu.Unlock()
	if s.block && s.work.node && refused == streakLength {
		r.log.Warn("the node takes no blocks, will go on trying", "in_a_row", refused, "reason", err)
	}
	r.logOutcome(s, outcome, err, time.Since(start), refused > streakLength)
	return outcome
}

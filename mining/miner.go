package mining

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bytom-solo/bytom-solo/compute"
)

// MinerConfig is what a Miner needs.
type MinerConfig struct {
	// Devices are what it can mine on, each with as many workers as the device says.
	Devices []compute.Backend
	// Settings are what it starts with.
	Settings MinerSettings
	// Generator gives the work, Submitter takes the solutions.
	Generator *Generator
	Submitter *Submitter
	// Extranonces is the space that every worker leases its part of.
	Extranonces *Extranonces
	// Observe takes StageSwitch and StageSeed; nil discards them.
	Observe func(Stage, time.Duration)
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Miner mines in this process. All methods are safe for concurrent use.
type Miner struct {
	cfg     MinerConfig
	devices []*device

	submitting sync.Mutex // held over a solution's submission

	mu       sync.Mutex
	settings MinerSettings
	change   chan struct{} // closed and renewed when settings change
	busy     chan struct{} // closed when the workers have ended; nil while there are none
}

// device is a backend with what is known of its work.
type device struct {
	backend compute.Backend
	info    compute.Info
	meter   *Meter
	hashes  atomic.Uint64
	wasted  atomic.Uint64
	dead    atomic.Int64 // the last change of the seed, in nanoseconds
	failed  atomic.Pointer[string]
}

// DeviceStatus is what the miner knows of one device.
type DeviceStatus struct {
	Name   string `json:"name"`
	Kernel string `json:"kernel"`
	// Used tells whether the settings name it; Workers is how many it then has.
	Used     bool     `json:"used"`
	Workers  int      `json:"workers"`
	Hashrate Hashrate `json:"hashrate"`
	// Hashes is the count since the start; Wasted is how many of them went into
	// work whose tip had already been replaced.
	Hashes uint64 `json:"hashes"`
	Wasted uint64 `json:"wasted"`
	// SeedSwitch is how long the last change of the seed kept a worker from hashing,
	// in seconds.
	SeedSwitch float64 `json:"seed_switch"`
	// Failed says why the device no longer mines; empty while it does.
	Failed string `json:"failed,omitempty"`
}

// NewMiner makes a Miner.
func NewMiner(cfg MinerConfig) *Miner {
	if cfg.Observe == nil {
		cfg.Observe = func(Stage, time.Duration) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	m := &Miner{cfg: cfg, settings: cfg.Settings, change: make(chan struct{})}
	for _, b := range cfg.Devices {
		m.devices = append(m.devices, &device{backend: b, info: b.Info(), meter: NewMeter(time.Now())})
	}
	return m
}

// Set changes the settings. Work goes on at once where they stay the same.
func (m *Miner) Set(s MinerSettings) { m.Change(func(own *MinerSettings) { *own = s }) }

// SetMining switches the miner on or off.
func (m *Miner) SetMining(on bool) { m.Change(func(s *MinerSettings) { s.On = on }) }

// Change edits the settings, and gives those of before and after. Nobody else's change
// comes between. The edit must replace Devices, not write into it.
func (m *Miner) Change(edit func(*MinerSettings)) (old, now MinerSettings) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, now = m.settings, m.settings
	edit(&now)
	if old.On != now.On || old.Threads != now.Threads || old.Percent != now.Percent || !slices.Equal(old.Devices, now.Devices) {
		m.settings = now
		close(m.change)
		m.change = make(chan struct{})
	}
	return old, now
}

// Settings are the current ones.
func (m *Miner) Settings() MinerSettings {
	s, _ := m.watch()
	return s
}

// Mining tells whether the miner is switched on. It may still be waiting for
// work.
func (m *Miner) Mining() bool { return m.Settings().On }

// Idle waits until a miner that is switched off has nothing under way any more: a solution
// that it had found goes out still. It returns at once where the miner is on, and ctx's
// error if that ends first.
func (m *Miner) Idle(ctx context.Context) error {
	for {
		m.mu.Lock()
		on, busy := m.settings.On, m.busy
		m.mu.Unlock()
		if on || busy == nil {
			return nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (m *Miner) watch() (s MinerSettings, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.settings, m.change
}

// workers is how many workers a device has under some settings.
func (d *device) workers(s MinerSettings) int {
	switch {
	case !slices.Contains(s.Devices, d.info.Name):
		return 0
	case s.Threads > 0:
		return min(d.info.Workers, s.Threads)
	case s.Threads < 0:
		return max(1, d.info.Workers+s.Threads)
	}
	return d.info.Workers
}

// Devices is the state of each device.
func (m *Miner) Devices() []DeviceStatus {
	now, settings := time.Now(), m.Settings()
	out := make([]DeviceStatus, 0, len(m.devices))
	for _, d := range m.devices {
		workers := d.workers(settings)
		s := DeviceStatus{
			Name: d.info.Name, Kernel: d.info.Kernel, Used: workers > 0, Workers: workers,
			Hashrate: d.meter.Rate(now), Hashes: d.hashes.Load(), Wasted: d.wasted.Load(),
			SeedSwitch: time.Duration(d.dead.Load()).Seconds(),
		}
		if why := d.failed.Load(); why != nil {
			s.Failed = *why
		}
		out = append(out, s)
	}
	return out
}

// Run mines whenever it is switched on, until ctx ends, then returns ctx's
// error. A solution found before that still goes out.
func (m *Miner) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		settings, changed := m.begin()
		if !settings.On {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		m.mine(ctx, settings, changed)
		m.end()
	}
	return ctx.Err()
}

// begin is watch for who goes on to mine where the miner is on, and calls end then.
func (m *Miner) begin() (s MinerSettings, changed <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.settings.On {
		m.busy = make(chan struct{})
	}
	return m.settings, m.change
}

func (m *Miner) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.busy)
	m.busy = nil
}

// mine runs the devices' workers until stop is closed or ctx ends.
func (m *Miner) mine(ctx context.Context, settings MinerSettings, stop <-chan struct{}) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var workers errgroup.Group
	for _, d := range m.devices {
		n := d.workers(settings)
		if n > 0 {
			workers.Go(func() error { PrepareSeeds(ctx, m.cfg.Generator, d.backend); return nil })
		}
		for range n {
			w := &worker{miner: m, device: d, lease: m.cfg.Extranonces.Lease(), percent: settings.Percent}
			workers.Go(func() error { w.run(ctx); return nil })
		}
	}
	select {
	case <-stop:
	case <-ctx.Done():
	}
	cancel()
	_ = workers.Wait() // Workers keep their errors to their device's state.
}

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
}

func (w *worker) run(ctx context.Context) {
	lowPriority()
	templates, cancel := w.miner.cfg.Generator.Subscribe()
	defer cancel()
	w.templates = templates
	defer w.closeHasher()

	log := w.miner.cfg.Log.With("device", w.device.info.Name)
	for pause := time.Second; ctx.Err() == nil; {
		err := w.step(ctx)
		switch {
		case err == nil:
			pause = time.Second
		case ctx.Err() != nil:
			return
		case errors.Is(err, errWrongResult):
			why := err.Error()
			if w.device.failed.CompareAndSwap(nil, &why) {
				log.Error("device stopped", "error", err)
			}
			return
		default:
			log.Warn("device failed, will retry", "error", err, "in", pause)
			w.closeHasher()
			sleep(ctx, pause)
			pause = min(2*pause, time.Minute)
		}
		if w.device.failed.Load() != nil {
			return
		}
	}
}

// step takes the newest work and hashes one batch of it.
func (w *worker) step(ctx context.Context) error {
	if err := w.takeWork(ctx); err != nil {
		return err
	}
	if err := w.prepare(ctx); err != nil {
		return err
	}
	// A solution makes the worker take new work, and the batch may hold another.
	job, first := w.job, w.nonce
	t := job.Template
	header := job.HeaderBody(t.Timestamp)
	for i := range w.nonces {
		w.nonces[i] = first + uint64(i)
	}
	start := time.Now()
	if err := w.hasher.HashNonces(ctx, w.results, &header, w.nonces); err != nil {
		return fmt.Errorf("hash a batch of %d: %w", len(w.nonces), err)
	}
	took := time.Since(start)
	w.nonce += uint64(len(w.nonces))
	w.count(t)
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

// count books a batch that was spent on t.
func (w *worker) count(t *Template) {
	n := uint64(len(w.nonces))
	w.device.meter.Add(time.Now(), n)
	w.device.hashes.Add(n)
	if now, _ := w.miner.cfg.Generator.Current(); now != nil && now.Tip.Hash != t.Tip.Hash {
		w.device.wasted.Add(n)
	}
}

// takeWork makes a job of the newest template if there is one that was not seen
// yet, and waits while there is none at all.
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
	if w.job, w.nonce = nil, 0; t == nil {
		return
	}
	w.job = NewJob(t, w.lease.Next())
	if old != nil && old.Template.Tip.Hash != t.Tip.Hash {
		w.miner.cfg.Observe(StageSwitch, time.Since(t.published))
	}
}

// prepare has a hasher for the job's seed.
func (w *worker) prepare(ctx context.Context) error {
	seed := w.job.Template.Tip.Seed.Byte32()
	if w.hasher != nil && seed == w.seed {
		return nil
	}
	start, change := time.Now(), w.hasher != nil
	w.closeHasher()
	h, err := w.device.backend.NewHasher(ctx, seed)
	if err != nil {
		return fmt.Errorf("prepare seed %x: %w", seed, err)
	}
	if w.hasher, w.seed = compute.Nonces(h), seed; change {
		dead := time.Since(start)
		w.device.dead.Store(int64(dead))
		w.miner.cfg.Observe(StageSeed, dead)
		w.miner.cfg.Log.Debug("new seed", "device", w.device.info.Name, "height", w.job.Template.Height, "dead_time", dead)
	}
	w.nonces = make([]uint64, h.Batch())
	w.results = make([][32]byte, h.Batch())
	return nil
}

func (w *worker) closeHasher() {
	if w.hasher != nil {
		if err := w.hasher.Close(); err != nil {
			w.miner.cfg.Log.Warn("a device did not let go of its work", "device", w.device.info.Name, "error", err)
		}
		w.hasher = nil
	}
}

// submit brings a solution in, and waits a moment for the work that follows it:
// the old job is worth nothing now.
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
		sol.By = Finder{Kind: FoundByDevice, Name: w.device.info.Name}
		v, err := m.cfg.Submitter.Submit(context.WithoutCancel(ctx), sol)
		done <- answer{v, err}
	}()
	a := <-done
	if errors.Is(a.err, ErrHighHash) {
		return fmt.Errorf("%w from %s (%s): %w", errWrongResult, w.device.info.Name, w.device.info.Kernel, a.err)
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

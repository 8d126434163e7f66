package mining

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// MinerConfig is what a Miner needs.
type MinerConfig struct {
	// Devices are what it can mine on, each with as many workers as the device says.
	Devices []compute.Backend
	// Settings are what it starts with.
	Settings MinerSettings
	// Generator is the source of work, Submitter takes the solutions.
	Generator *Generator
	Submitter *Submitter
	// Extranonces is the space that every worker leases its part of.
	Extranonces *Extranonces
	// Canary checks results of the devices now and then; nil checks none but what may be a block.
	Canary Canary
	// Owner is to whom the devices' work is credited; empty is the operator.
	Owner string
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
	underWay int           // for how many settings there are workers: a device can be stuck in work of earlier ones
	busy     chan struct{} // closed when all these workers have ended; nil while there are none
}

// NewMiner returns a Miner; nothing is mined before Run.
func NewMiner(cfg MinerConfig) *Miner {
	if cfg.Observe == nil {
		cfg.Observe = func(Stage, time.Duration) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	m := &Miner{cfg: cfg, settings: cfg.Settings, change: make(chan struct{})}
	for _, b := range cfg.Devices {
		m.devices = append(m.devices, &device{backend: b, info: b.Info(), meter: NewMeter(time.Now()), canary: newCanary(), turn: make(chan struct{}, 1)})
	}
	return m
}

// Set changes the settings. Work goes on at once where they stay the same.
func (m *Miner) Set(s MinerSettings) { m.Change(func(own *MinerSettings) { *own = s }) }

// SetMining switches the miner on or off.
func (m *Miner) SetMining(on bool) { m.Change(func(s *MinerSettings) { s.On = on }) }

// Change edits the settings, and returns those before and after. No other change comes
// between. The edit must replace Devices, not write into it.
func (m *Miner) Change(edit func(*MinerSettings)) (old, now MinerSettings) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, now = m.settings, m.settings
	edit(&now)
	if old.On != now.On || old.Paused != now.Paused || old.Threads != now.Threads || old.Percent != now.Percent || !slices.Equal(old.Devices, now.Devices) {
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

// Mining reports whether the miner is switched on and not paused. It may still be waiting
// for work.
func (m *Miner) Mining() bool { return m.Settings().Mines() }

// Idle waits until a miner that is switched off has nothing under way any more: a solution
// that it has found is still submitted. It returns at once where the miner is on, and ctx's
// error if that ends first.
func (m *Miner) Idle(ctx context.Context) error {
	for {
		m.mu.Lock()
		on, busy := m.settings.Mines(), m.busy
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

// Run mines whenever it is switched on, until ctx ends, then returns ctx's
// error. A solution found before that is still submitted, and a device that is stuck
// not waited for longer than a stop may take.
func (m *Miner) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		settings, changed, ended := m.begin()
		if ended == nil {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		m.mine(ctx, settings, changed, ended)
	}
	m.mu.Lock()
	busy := m.busy
	m.mu.Unlock()
	if busy != nil {
		m.end(busy)
	}
	return ctx.Err()
}

// end waits for what is under way when the miner ends. A device whose driver does not return must not keep the
// process from ending, which would then be killed with all else that it has to write. A solution on its way is
// waited for.
func (m *Miner) end(busy <-chan struct{}) {
	each := time.NewTicker(stuckAtEnd)
	defer each.Stop()
	for {
		select {
		case <-busy:
			return
		case <-each.C:
		}
		if m.submitting.TryLock() {
			m.submitting.Unlock()
			m.cfg.Log.Warn("a device does not return from its work; the end does not wait for it", "waited", stuckAtEnd)
			return
		}
	}
}

// begin is watch for who goes on to mine, and calls ended when nothing of that is under way any more.
// That is nil where the miner is off.
func (m *Miner) begin() (s MinerSettings, changed <-chan struct{}, ended func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.settings.Mines() {
		return m.settings, m.change, nil
	}
	if m.underWay++; m.busy == nil {
		m.busy = make(chan struct{})
	}
	return m.settings, m.change, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.underWay--; m.underWay == 0 {
			close(m.busy)
			m.busy = nil
		}
	}
}

// stuckAfter is how long a change of settings waits for workers, stuckAtEnd how long the end does: a driver may not
// return.
const stuckAfter, stuckAtEnd = 10 * time.Second, 3 * time.Second

// mine runs the devices' workers until stop is closed or ctx ends. Where a device is stuck it returns
// all the same, and that one begins anew when it is not any more.
func (m *Miner) mine(ctx context.Context, settings MinerSettings, stop <-chan struct{}, ended func()) {
	working, cancel := context.WithCancel(ctx)
	defer cancel()
	var devices sync.WaitGroup
	for _, d := range m.devices {
		if n := d.workers(settings); n > 0 {
			devices.Go(func() { m.mineOn(working, d, n, settings.Percent) })
		}
	}
	select {
	case <-stop:
	case <-ctx.Done():
	}
	cancel()
	done := make(chan struct{})
	go func() {
		devices.Wait()
		close(done)
		ended()
	}()
	patience := time.NewTimer(stuckAfter)
	defer patience.Stop()
	select {
	case <-done:
	case <-ctx.Done(): // Run waits for what is left.
	case <-patience.C:
		m.cfg.Log.Warn("a device does not return from its work; the others go on without it", "waited", stuckAfter)
	}
}

// mineOn runs a device's workers until ctx ends.
func (m *Miner) mineOn(ctx context.Context, d *device, n, percent int) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return
	}
	var workers sync.WaitGroup
	workers.Go(func() { PrepareSeeds(ctx, m.cfg.Generator, d.backend) })
	if m.cfg.Canary != nil {
		workers.Go(func() { m.lookAfter(ctx, d) })
	}
	for range n {
		w := &worker{miner: m, device: d, lease: m.cfg.Extranonces.Lease(), percent: percent}
		workers.Go(func() { w.run(ctx) }) // It keeps its errors to its device's state.
	}
	workers.Wait()
}

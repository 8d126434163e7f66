package mining

import (
	"context"
	"log/slog"
	"slices"
	"sync"
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
	busy     chan struct{} // closed when the workers have ended; nil while there are none
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
		m.devices = append(m.devices, &device{backend: b, info: b.Info(), meter: NewMeter(time.Now()), canary: newCanary()})
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
// error. A solution found before that is still submitted.
func (m *Miner) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		settings, changed := m.begin()
		if !settings.Mines() {
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
	if m.settings.Mines() {
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
			if m.cfg.Canary != nil {
				workers.Go(func() error { m.lookAfter(ctx, d); return nil })
			}
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

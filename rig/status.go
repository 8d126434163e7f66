package rig

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Status is all that a rig reports about itself, as JSON too.
type Status struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	// Uptime is in seconds.
	Uptime float64      `json:"uptime"`
	Source SourceStatus `json:"source"`
	// Paused tells whether nothing is hashed because of Pause.
	Paused bool `json:"paused"`
	// Work is what is hashed, null where there is none.
	Work     *WorkStatus     `json:"work"`
	Hashrate mining.Hashrate `json:"hashrate"`
	// Hashes is the count since the start; Wasted is how many of them went into work
	// whose tip had already been replaced.
	Hashes uint64 `json:"hashes"`
	Wasted uint64 `json:"wasted"`
	Shares Shares `json:"shares"`
	// AcceptedDifficulty is the sum of that of all accepted shares: hashes that the
	// source has credited.
	AcceptedDifficulty float64 `json:"accepted_difficulty"`
	// Blocks is how many of the accepted shares were blocks.
	Blocks  uint64         `json:"blocks"`
	Devices []DeviceStatus `json:"devices"`
}

// The kinds of sources.
const (
	kindGetWork   = "getwork"
	kindTemplates = "gbt"
	kindStratum   = "stratum"
	kindBenchmark = "benchmark"
)

// SourceStatus is where work comes from.
type SourceStatus struct {
	// Kind is stratum, getwork, gbt or benchmark.
	Kind string `json:"kind"`
	// Server is where the work comes from; empty while there is none.
	Server string `json:"server"`
	// Since is when it began to, Connections how often somebody has.
	Since       time.Time `json:"since,omitzero"`
	Connections uint64    `json:"connections"`
}

// WorkStatus is what a rig hashes.
type WorkStatus struct {
	Height uint64 `json:"height"`
	// Difficulty is how many hashes a share takes on average, NetworkDifficulty how
	// many a block does.
	Difficulty        float64 `json:"difficulty"`
	NetworkDifficulty float64 `json:"network_difficulty"`
	// Age is how long ago it came, in seconds.
	Age float64 `json:"age"`
}

// DeviceStatus is one device of a rig.
type DeviceStatus struct {
	Name     string          `json:"name"`
	Kernel   string          `json:"kernel"`
	Workers  int             `json:"workers"`
	Hashrate mining.Hashrate `json:"hashrate"`
	Hashes   uint64          `json:"hashes"`
	Wasted   uint64          `json:"wasted"`
	Shares   Shares          `json:"shares"`
	// Failed says why the device no longer mines; empty while it does.
	Failed string `json:"failed,omitempty"`
	// Trouble says that its driver does not return from its work; empty while it does.
	Trouble string `json:"trouble,omitempty"`
	// Best is the highest difficulty of a solution that it found, whatever became of that, in
	// hashes; 0 before the first.
	Best float64 `json:"best"`
}

// Status is the rig's, as of now.
func (r *Rig) Status() Status {
	now, state := time.Now(), r.state.Load()
	s := Status{
		Version: r.cfg.Version, Paused: r.paused.Load() != nil, Started: r.started, Uptime: now.Sub(r.started).Seconds(),
		Source: r.cfg.Source.status(), Devices: make([]DeviceStatus, 0, len(r.devices)),
	}
	if w := state.work; w != nil {
		s.Work = &WorkStatus{
			Height: w.header.Height, Difficulty: w.difficulty(),
			NetworkDifficulty: w.network.Difficulty(), Age: now.Sub(state.since).Seconds(),
		}
	}
	for _, d := range r.devices {
		one := d.status(now)
		s.Hashrate.Ten += one.Hashrate.Ten
		s.Hashrate.Minute += one.Hashrate.Minute
		s.Hashrate.Quarter += one.Hashrate.Quarter
		s.Hashes, s.Wasted = s.Hashes+one.Hashes, s.Wasted+one.Wasted
		s.Shares = s.Shares.plus(one.Shares)
		s.Devices = append(s.Devices, one)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.AcceptedDifficulty, s.Blocks = r.accepted, r.blocks
	return s
}

func (d *device) status(now time.Time) DeviceStatus {
	s := DeviceStatus{
		Name: d.info.Name, Kernel: d.backend.Info().Kernel, Workers: d.workers, Hashrate: d.meter.Rate(now),
		Hashes: d.hashes.Load(), Wasted: d.wasted.Load(), Shares: d.shares.read(),
		Best: math.Float64frombits(d.best.Load()),
	}
	if why := d.failed.Load(); why != nil {
		s.Failed = *why
	} else {
		s.Trouble = d.calls.Trouble(now)
	}
	return s
}

// serve answers whoever asks for the status, until ctx ends.
func (r *Rig) serve(ctx context.Context) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		_ = e.Encode(r.Status()) // Who asked has gone.
	})
	s := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxHeaderBytes: 8 << 10}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.Serve(r.cfg.API); ctx.Err() == nil {
		r.log.Error("the status is no longer served", "error", err)
	}
}

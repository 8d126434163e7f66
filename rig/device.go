package rig

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// device is a backend with the counts of its work.
type device struct {
	backend compute.Backend
	info    compute.Info
	workers int
	stop    func() // ends its workers

	meter  *mining.Meter
	hashes atomic.Uint64
	wasted atomic.Uint64
	shares shares
	best   atomic.Uint64 // the highest difficulty of a solution, as the bits of a float64
	failed atomic.Pointer[string]
	calls  compute.Calls
}

func newDevice(b compute.Backend, threads int) *device {
	d := &device{backend: b, info: b.Info(), meter: mining.NewMeter(time.Now())}
	if d.workers = d.info.Workers; threads > 0 {
		d.workers = min(d.workers, threads)
	}
	return d
}

// count counts a batch of hashes, as wasted if there was another block to build on.
func (d *device) count(n int, wasted bool) {
	d.meter.Add(time.Now(), uint64(n))
	d.hashes.Add(uint64(n))
	if wasted {
		d.wasted.Add(uint64(n))
	}
}

// found notes how good a solution is.
func (d *device) found(result [32]byte) {
	// Floats above 0 are in the order of their bits.
	is := math.Float64bits(wire.DifficultyOf(result))
	for best := d.best.Load(); is > best && !d.best.CompareAndSwap(best, is); best = d.best.Load() {
	}
}

// fail stops the device for good. It reports whether this was the first time.
func (d *device) fail(why string) bool {
	if !d.failed.CompareAndSwap(nil, &why) {
		return false
	}
	d.stop()
	return true
}

// shares counts solutions by what became of them.
type shares [outcomes]atomic.Uint64

func (s *shares) add(o Outcome) { s[o].Add(1) }

// Shares are counts of solutions by what became of them.
type Shares struct {
	Accepted  uint64 `json:"accepted"`
	Stale     uint64 `json:"stale"`
	Duplicate uint64 `json:"duplicate"`
	Low       uint64 `json:"low"`
	Rejected  uint64 `json:"rejected"`
	// Lost are blocks that were valid, and came after another.
	Lost       uint64 `json:"lost"`
	Unanswered uint64 `json:"unanswered"`
}

func (s *shares) read() Shares {
	return Shares{
		Accepted: s[Accepted].Load(), Stale: s[Stale].Load(), Duplicate: s[Duplicate].Load(),
		Low: s[Low].Load(), Rejected: s[Rejected].Load(), Lost: s[Lost].Load(), Unanswered: s[Unanswered].Load(),
	}
}

func (s Shares) plus(o Shares) Shares {
	return Shares{
		Accepted: s.Accepted + o.Accepted, Stale: s.Stale + o.Stale, Duplicate: s.Duplicate + o.Duplicate,
		Low: s.Low + o.Low, Rejected: s.Rejected + o.Rejected, Lost: s.Lost + o.Lost, Unanswered: s.Unanswered + o.Unanswered,
	}
}

// refused are those that the source did not take. A lost race is none of them.
func (s Shares) refused() uint64 { return s.Stale + s.Duplicate + s.Low + s.Rejected }

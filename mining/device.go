package mining

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// device is a backend with the counts of its work.
type device struct {
	backend compute.Backend
	info    compute.Info // as it was at the start
	meter   *Meter
	hashes  atomic.Uint64
	wasted  atomic.Uint64
	dead    atomic.Int64 // the last change of the seed, in nanoseconds
	failed  atomic.Pointer[string]
	canary  *canary
	// turn is held while there are workers of the device, which may not end by themselves.
	turn  chan struct{}
	calls compute.Calls
	// troubled is how many workers try again after an error, trouble the latest error.
	troubled atomic.Int32
	trouble  atomic.Pointer[string]
}

// DeviceStatus is what the miner knows of one device.
type DeviceStatus struct {
	Name   string `json:"name"`
	Kernel string `json:"kernel"`
	// Used says whether the settings name it; Workers is how many it then has.
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
	// Checked is how many of its results another kernel has checked.
	Checked uint64 `json:"checked"`
	// Failed says why the device no longer mines; empty while it does.
	Failed string `json:"failed,omitempty"`
	// Trouble is the latest error while a worker of the device tries again after one.
	Trouble string `json:"trouble,omitempty"`
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
			Name: d.info.Name, Kernel: d.backend.Info().Kernel, Used: workers > 0, Workers: workers,
			Hashrate: d.meter.Rate(now), Hashes: d.hashes.Load(), Wasted: d.wasted.Load(),
			SeedSwitch: time.Duration(d.dead.Load()).Seconds(), Checked: d.canary.looked.Load(),
		}
		if why := d.failed.Load(); why != nil {
			s.Failed = *why
		} else if why := d.trouble.Load(); why != nil && d.troubled.Load() > 0 {
			s.Trouble = *why
		} else {
			s.Trouble = d.calls.Trouble(now)
		}
		out = append(out, s)
	}
	return out
}

// Hashes is how many all devices computed since the start, and how many of them went into
// work whose tip had already been replaced.
func (m *Miner) Hashes() (all, wasted uint64) {
	for _, d := range m.devices {
		wasted += d.wasted.Load() // It is counted last, so that it never is more than all.
		all += d.hashes.Load()
	}
	return all, wasted
}

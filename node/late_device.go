package node

import (
	"context"
	"fmt"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
)

// lateDevice is a graphics card whose driver takes its time, or hangs: whoever wants to hash on
// it waits, and the others mine meanwhile. It is a compute.Backend.
type lateDevice struct {
	device vulkan.Device
	since  time.Time
	cancel context.CancelFunc // ends the opening, if the driver still answers

	opened  chan struct{} // closed when these are there
	backend compute.Backend
	err     error
}

// openLate begins to open a device. What becomes of it is there when opened is closed.
func openLate(ctx context.Context, d vulkan.Device, open func(context.Context) (compute.Backend, error)) *lateDevice {
	ctx, cancel := context.WithCancel(ctx)
	l := &lateDevice{device: d, since: time.Now(), cancel: cancel, opened: make(chan struct{})}
	go func() {
		defer close(l.opened)
		l.backend, l.err = open(ctx)
	}()
	return l
}

// result is what became of the opening, and false while it goes on.
func (l *lateDevice) result() (compute.Backend, error, bool) {
	select {
	case <-l.opened:
		return l.backend, l.err, true
	default:
		return nil, nil, false
	}
}

// Info implements compute.Backend. Its name and workers are what they were at first, as long as it lives: the miner
// knows it by that, and has begun as many.
func (l *lateDevice) Info() compute.Info {
	info := compute.Info{Kernel: "opening", Accelerator: true}
	if b, err, done := l.result(); done && err == nil {
		info = b.Info()
	}
	info.Name, info.Workers = l.device.Name, l.device.Workers()
	return info
}

// Answers reports whether a name means this device: see vulkan.Device.Answers. Where its drivers answered
// late it is only known then what it is.
func (l *lateDevice) Answers(name string) bool {
	if b, err, done := l.result(); done && err == nil {
		if a, ok := b.(interface{ Answers(name string) bool }); ok {
			return a.Answers(name)
		}
	}
	return l.device.Answers(name)
}

// late reports whether it is still not there.
func (l *lateDevice) late() bool {
	_, err, done := l.result()
	return !done || err != nil
}

// longestWait is after how long a worker that waits for a device says so.
const longestWait = time.Minute

// NewHasher implements compute.Backend. It waits for the device.
func (l *lateDevice) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	patience := time.NewTimer(longestWait)
	defer patience.Stop()
	select {
	case <-l.opened:
	case <-patience.C:
		return nil, fmt.Errorf("its driver has been opening it for %v: does the card hang?", time.Since(l.since).Round(time.Second))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l.err != nil {
		return nil, fmt.Errorf("%w: %w", compute.ErrUnusable, l.err)
	}
	return l.backend.NewHasher(ctx, seed)
}

// Close implements compute.Backend. It does not wait for a driver that hangs.
func (l *lateDevice) Close() error {
	l.cancel()
	if b, err, done := l.result(); done {
		if err != nil {
			return nil
		}
		return b.Close()
	}
	go func() {
		if <-l.opened; l.err == nil {
			_ = l.backend.Close() // Nobody is there any more to be told.
		}
	}()
	return nil
}

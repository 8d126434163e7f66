package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
)

// listing is what the drivers offer, when they have said so.
type listing struct {
	answered chan struct{} // closed when these are there
	known    []vulkan.Device
	err      error
}

// list asks the drivers for their devices.
func (g graphics) list() *listing {
	l := &listing{answered: make(chan struct{})}
	go func() {
		defer close(l.answered)
		l.known, l.err = g.devices()
	}()
	return l
}

// errSilent is of drivers that do not even say what they have.
var errSilent = errors.New("the graphics cards' drivers do not answer: does a card hang?")

// within waits for the answer, for as long as the limit allows, or headwayLimit without one.
func (l *listing) within(ctx context.Context, o Opening) ([]vulkan.Device, error) {
	soon := time.NewTimer(2 * time.Second)
	defer soon.Stop()
	limit := time.NewTimer(cmp.Or(o.Limit, headwayLimit))
	defer limit.Stop()
	var late <-chan time.Time
	if o.Limit == 0 {
		timer := time.NewTimer(DeviceLimit)
		defer timer.Stop()
		late = timer.C
	}
	for {
		select {
		case <-l.answered:
			return l.known, l.err
		case <-soon.C:
			o.Log.Info("waiting for the graphics cards' drivers to answer")
		case <-late:
			o.Log.Warn("still waiting for the graphics cards' drivers", "for", DeviceLimit, "at_most", headwayLimit)
		case <-limit.C:
			return nil, errSilent
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// openUnlisted returns what may become the devices asked for when the drivers answer: of names
// that stand for several, one.
func (g graphics) openUnlisted(ctx context.Context, asked []string, l *listing, config vulkan.Config, o Opening) (opened []compute.Backend) {
	o.Log.Error("the others mine without graphics cards, which join them when their drivers answer", "error", errSilent, "waited", o.Limit)
	for i, name := range asked {
		if name == autoDevices || name == AllDevices {
			asked[i] = vulkan.Prefix
		}
	}
	slices.Sort(asked)
	for _, name := range slices.Compact(asked) {
		opened = append(opened, openLate(ctx, vulkan.Device{Name: name}, func(ctx context.Context) (compute.Backend, error) {
			select {
			case <-l.answered:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			for _, d := range l.known {
				if d.Answers(name) {
					logOpening(d, o)
					return g.openLogged(ctx, d, config, o)
				}
			}
			return nil, cmp.Or(l.err, fmt.Errorf("no such device: %s", name))
		}))
	}
	return opened
}

func logOpening(d vulkan.Device, o Opening) {
	o.Log.Info("opening "+d.Name+" …", "title", d.Title, "driver", d.Driver)
}

// openLogged opens a device, and logs it if that fails.
func (g graphics) openLogged(ctx context.Context, d vulkan.Device, config vulkan.Config, o Opening) (compute.Backend, error) {
	b, err := g.open(ctx, d.Only(g.paths), config)
	if err != nil && ctx.Err() == nil {
		o.Log.Error("device is not used", "device", d.Name, "title", d.Title, "error", err)
	}
	return b, err
}

// headwayLimit is how long a device that is waited for may be at the same variant. That is
// generous, since drivers on the CPU take a second and more for a hash.
const headwayLimit = 3 * time.Minute

// openOneByOne opens devices for whoever has nothing to do without them. One that makes no
// headway any more is left out.
func (g graphics) openOneByOne(ctx context.Context, known []vulkan.Device, config vulkan.Config, o Opening) (opened []compute.Backend, err error) {
	for _, d := range known {
		logOpening(d, o)
		if o.Progress != nil {
			o.Progress(d.Name, 0, 0)
		}
		if b, err := g.openWaited(ctx, d, config, o); err == nil {
			opened = append(opened, b)
		}
		if o.Progress != nil {
			o.Progress(d.Name, 1, 1)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return opened, ctx.Err()
}

// openWaited opens a device. Where it makes no headway, that is said after DeviceLimit.
func (g graphics) openWaited(ctx context.Context, d vulkan.Device, config vulkan.Config, o Opening) (compute.Backend, error) {
	headway := make(chan struct{}, 1)
	config.Progress = func(device string, done, total int) {
		select {
		case headway <- struct{}{}:
		default:
		}
		if o.Progress != nil {
			o.Progress(device, done, total)
		}
	}
	l := openLate(ctx, d, func(ctx context.Context) (compute.Backend, error) { return g.openLogged(ctx, d, config, o) })
	silent, hangs := time.NewTimer(DeviceLimit), time.NewTimer(headwayLimit)
	defer silent.Stop()
	defer hangs.Stop()
	interrupted := ctx.Done()
	for {
		select {
		case <-l.opened:
			return l.backend, l.err
		case <-headway:
			silent.Reset(DeviceLimit)
			hangs.Reset(headwayLimit)
		case <-silent.C:
			o.Log.Warn("a device makes no headway: does the card hang?", "device", d.Name, "title", d.Title,
				"for", DeviceLimit, "left_out_after", headwayLimit)
		case <-interrupted:
			interrupted = nil
			hangs.Reset(time.Second) // A driver that answers lets it end by itself.
		case <-hangs.C:
			if ctx.Err() == nil {
				o.Log.Error("device is not used", "device", d.Name, "title", d.Title,
					"error", fmt.Sprintf("its driver has made no headway for %v: does the card hang?", headwayLimit))
			}
			return nil, errors.Join(errHangs, l.Close())
		}
	}
}

// errHangs is of a device that was waited for long enough.
var errHangs = errors.New("the device does not open")

// openWithin opens devices all at once. Those that are not there at the limit are returned
// too, and mine when they are.
func (g graphics) openWithin(ctx context.Context, known []vulkan.Device, config vulkan.Config, o Opening) (opened []compute.Backend, err error) {
	limit := time.NewTimer(o.Limit)
	defer limit.Stop()
	all := make([]*lateDevice, 0, len(known))
	for _, d := range known {
		logOpening(d, o)
		all = append(all, openLate(ctx, d, func(ctx context.Context) (compute.Backend, error) { return g.openLogged(ctx, d, config, o) }))
	}
	over := false
	for _, l := range all {
		if !over {
			select {
			case <-l.opened:
			case <-limit.C:
				over = true
			case <-ctx.Done():
			}
		}
		b, err, done := l.result()
		switch {
		case done && err == nil:
			opened = append(opened, b)
		case !done && ctx.Err() == nil:
			o.Log.Warn("a device is not open yet; the others mine without it, and it joins them when it is", "device", l.device.Name, "waited", o.Limit)
			opened = append(opened, l)
		case !done:
			opened = append(opened, l) // To be closed.
		}
	}
	return opened, ctx.Err()
}

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

// within waits for the answer, for as long as the limit allows if there is one.
func (l *listing) within(ctx context.Context, o Opening) ([]vulkan.Device, error) {
	soon := time.NewTimer(2 * time.Second)
	defer soon.Stop()
	var over <-chan time.Time
	if o.Limit > 0 {
		limit := time.NewTimer(o.Limit)
		defer limit.Stop()
		over = limit.C
	}
	for {
		select {
		case <-l.answered:
			return l.known, l.err
		case <-soon.C:
			o.Log.Info("waiting for the graphics cards' drivers to answer")
		case <-over:
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

// openOneByOne opens devices for whoever has nothing to do without them.
func (g graphics) openOneByOne(ctx context.Context, known []vulkan.Device, config vulkan.Config, o Opening) (opened []compute.Backend, err error) {
	for _, d := range known {
		logOpening(d, o)
		if o.Progress != nil {
			o.Progress(d.Name, 0, 0)
		}
		if b, err := g.openLogged(ctx, d, config, o); err == nil {
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

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
)

// opener is a backend that this project has.
type opener struct {
	name string
	open func(*slog.Logger) (compute.Backend, error)
}

// openers are all of them, fastest first.
var openers = []opener{
	{"cpu", func(log *slog.Logger) (compute.Backend, error) { return cpu.New(cpu.Config{Log: log}) }},
	{"reference", func(*slog.Logger) (compute.Backend, error) { return compute.NewReference(), nil }},
}

// AllDevices asks OpenBackends for everything.
const AllDevices = "all"

// OpenBackends opens the fastest backend of this build and machine, and those
// beyond it that devices asks for: see PickDevices. The order is fastest first.
// Each has to pass its self-test; what this build does not have, and what fails,
// is logged and left out.
func OpenBackends(ctx context.Context, devices string, log *slog.Logger) ([]compute.Backend, error) {
	var opened []compute.Backend
	for _, o := range openers {
		if len(opened) > 0 && !asksFor(devices, o.name) {
			continue
		}
		b, err := openTested(ctx, o, log)
		switch {
		case err == nil:
			opened = append(opened, b)
		case errors.Is(err, cpu.ErrNoCgo):
			log.Warn("mining and verifying will be slow", "error", err)
		case errors.Is(err, errSelfTest):
			log.Error("backend is not used", "backend", o.name, "error", err)
		default:
			return nil, errors.Join(err, CloseBackends(opened))
		}
	}
	if len(opened) == 0 {
		return nil, errors.New("no backend passed its self-test: this machine computes wrong hashes")
	}
	return opened, nil
}

// errSelfTest means that a backend computed a wrong hash.
var errSelfTest = errors.New("self-test failed")

func openTested(ctx context.Context, o opener, log *slog.Logger) (compute.Backend, error) {
	b, err := o.open(log)
	if err != nil {
		return nil, err
	}
	err = compute.SelfTest(ctx, b)
	if err == nil {
		return b, nil
	}
	if ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", errSelfTest, err)
	}
	return nil, errors.Join(err, b.Close())
}

func asksFor(devices, name string) bool {
	for d := range strings.SplitSeq(devices, ",") {
		if d = strings.TrimSpace(d); d == name || d == AllDevices {
			return true
		}
	}
	return false
}

// CloseBackends closes all of them.
func CloseBackends(all []compute.Backend) error {
	var errs []error
	for _, b := range all {
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}

// PickDevices chooses from the open backends by the names that --mining.devices
// takes, separated by commas: a backend's name, "all", "none", or "auto" for the
// fastest. What it returns are the backends' names.
func PickDevices(all []compute.Backend, names string) ([]string, error) {
	var picked []string
	for name := range strings.SplitSeq(names, ",") {
		switch name = strings.TrimSpace(name); name {
		case "none":
		case "", "auto":
			picked = append(picked, all[0].Info().Name)
		case AllDevices:
			for _, b := range all {
				picked = append(picked, b.Info().Name)
			}
		default:
			known := slices.ContainsFunc(all, func(b compute.Backend) bool { return b.Info().Name == name })
			if !known {
				return nil, fmt.Errorf("key mining.devices: value %q: expected auto, all, none or names that 'bytom-solo devices' lists as usable", name)
			}
			picked = append(picked, name)
		}
	}
	slices.Sort(picked)
	return slices.Compact(picked), nil
}

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
)

// opener is a kind of backend that this project has.
type opener struct {
	name string
	// open opens what the operator asks for of this kind, tested. An error is of one that
	// nobody can do without.
	open func(ctx context.Context, o Opening) ([]compute.Backend, error)
	// extra ones are opened for those who ask alone. Of the others, the first that there
	// is will do.
	extra bool
}

// Opening is what OpenBackends opens, and who hears of it.
type Opening struct {
	// Devices is a list of names: see PickDevices.
	Devices string
	Log     *slog.Logger
	// Progress is called while a graphics card is waited for, with its name, how many variants
	// have been measured and how many there are: 0 of 0 as long as that is not known, and the
	// same twice at the end. Nil is not.
	Progress func(device string, done, total int)
	// Limit is how long graphics cards may take to open; one that takes longer is among the
	// backends all the same, and hashes when it is open. One that was not measured yet is so
	// while it hashes. 0 waits for each, and for its measurement, as long as it makes headway.
	Limit time.Duration
}

func openCPU(ctx context.Context, o Opening) ([]compute.Backend, error) {
	b, err := cpu.New(cpu.Config{Log: o.Log})
	if errors.Is(err, cpu.ErrNoCgo) {
		o.Log.Warn("mining and verifying will be slow", "error", err)
		return nil, nil
	}
	return selfTested(ctx, b, err, o.Log)
}

func openReference(ctx context.Context, o Opening) ([]compute.Backend, error) {
	return selfTested(ctx, compute.NewReference(), nil, o.Log)
}

// selfTested is a backend that passes its self-test, or none.
func selfTested(ctx context.Context, b compute.Backend, err error, log *slog.Logger) ([]compute.Backend, error) {
	if err != nil {
		return nil, err
	}
	err = compute.SelfTest(ctx, b)
	if err == nil {
		return []compute.Backend{b}, nil
	}
	if name := b.Info().Name; ctx.Err() == nil {
		log.Error("backend is not used", "backend", name, "error", err)
		return nil, b.Close()
	}
	return nil, errors.Join(err, b.Close())
}

// The names of devices that stand for several.
const (
	// AllDevices asks OpenBackends for everything.
	AllDevices = "all"
	// autoDevices asks it for the fastest: the graphics cards, or the CPU if there is none.
	autoDevices = "auto"
)

// OpenBackends opens what verifies, which is the fastest on the CPU, and what the list of
// devices asks for beyond it. The first one verifies; graphics cards are the
// last. Each has to pass its self-test; what this build does not have, and what fails,
// is logged and left out.
func OpenBackends(ctx context.Context, o Opening) ([]compute.Backend, error) {
	var opened, extra []compute.Backend
	for _, kind := range openers {
		if !kind.extra && len(opened) > 0 && !asksFor(o.Devices, kind.name) {
			continue
		}
		more, err := kind.open(ctx, o)
		if kind.extra {
			extra = append(extra, more...)
		} else {
			opened = append(opened, more...)
		}
		if err != nil {
			return nil, errors.Join(err, CloseBackends(opened), CloseBackends(extra))
		}
	}
	if len(opened) == 0 {
		return nil, errors.Join(errors.New("no backend passed its self-test: this machine computes wrong hashes"), CloseBackends(extra))
	}
	return append(opened, extra...), nil
}

func asksFor(devices, name string) bool {
	return slices.ContainsFunc(names(devices), func(d string) bool { return d == name || d == AllDevices })
}

// names are the parts of a list of devices; nothing means auto.
func names(devices string) []string {
	all := strings.Split(devices, ",")
	for i, name := range all {
		if all[i] = strings.TrimSpace(name); all[i] == "" {
			all[i] = autoDevices
		}
	}
	return all
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
// fastest that is there; "vulkan" for every graphics card, and "vulkan:" with its number or a part of
// its name for one. What it returns are the backends' names.
func PickDevices(all []compute.Backend, devices string) ([]string, error) {
	var picked []string
	for _, name := range names(devices) {
		if name == "none" {
			continue
		}
		found := matching(all, name)
		if len(found) == 0 {
			return nil, fmt.Errorf("key mining.devices: value %q: expected auto, all, none, vulkan or names that 'bytom-solo devices' lists as usable%s", name, numberHint(name))
		}
		picked = append(picked, found...)
	}
	slices.Sort(picked)
	return slices.Compact(picked), nil
}

// numberHint is for who means a part of a card's name that is a number.
func numberHint(name string) string {
	number, ok := strings.CutPrefix(name, vulkan.Prefix+":")
	if _, err := strconv.Atoi(number); !ok || err != nil {
		return ""
	}
	return fmt.Sprintf("; a number alone is a place in that list, from 0 on: for a part of a card's name write more of it, as in \"%s:rtx %s\"", vulkan.Prefix, number)
}

// matching are the backends that a name means.
func matching(all []compute.Backend, name string) (found []string) {
	if name == autoDevices {
		there := false
		for _, b := range all {
			if i := b.Info(); i.Accelerator && !computesOnCPU(b) {
				found = append(found, i.Name)
				there = there || !isLate(b)
			}
		}
		if there {
			return found
		}
		return append(found, all[0].Info().Name)
	}
	for _, b := range all {
		a, ok := b.(interface{ Answers(name string) bool })
		if b.Info().Name == name || ok && a.Answers(name) || name == AllDevices && !computesOnCPU(b) {
			found = append(found, b.Info().Name)
		}
	}
	return found
}

// isLate reports whether a backend is still being opened.
func isLate(b compute.Backend) bool {
	l, ok := b.(*lateDevice)
	return ok && l.late()
}

// computesOnCPU reports whether a graphics driver's device is the CPU.
func computesOnCPU(b compute.Backend) bool {
	a, ok := b.(interface{ Answers(name string) bool })
	return ok && !a.Answers(vulkan.Prefix)
}

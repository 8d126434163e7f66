package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/node"
)

// withBackends opens the backends of a list for the time of a call.
func withBackends(ctx context.Context, terminal io.Writer, devices string, f func([]compute.Backend) error) (err error) {
	log, err := quietLog(terminal)
	if err != nil {
		return err
	}
	all, err := node.OpenBackends(ctx, node.Opening{Devices: devices, Log: log, Progress: measuring(terminal)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.CloseBackends(all)) }()
	names, err := node.PickDevices(all, devices)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("devices %q: none is left to compute on", devices)
	}
	return f(picked(all, names))
}

// quietLog is for commands that end by themselves: it has warnings and errors alone.
func quietLog(terminal io.Writer) (*slog.Logger, error) {
	config := node.NewConfig()
	config.Bytom.LogLevel = "warn"
	return config.OpenLog(terminal)
}

// picked are the backends of these names.
func picked(all []compute.Backend, names []string) []compute.Backend {
	return slices.DeleteFunc(slices.Clone(all), func(b compute.Backend) bool { return !slices.Contains(names, b.Info().Name) })
}

// withRigDevices opens the devices, and what checks them, for the time of a call.
func withRigDevices(ctx context.Context, o rigOptions, terminal io.Writer, log *slog.Logger, f func(devices []compute.Backend, checker compute.Backend) error) (err error) {
	opening := node.Opening{Devices: o.devices, Log: log, Progress: measuring(terminal), Limit: node.DeviceLimit}
	if o.benchmark > 0 {
		opening.Limit = 0 // Nothing is to be measured beside it.
	}
	all, err := node.OpenBackends(ctx, opening)
	switch {
	case ctx.Err() != nil:
		return node.CloseBackends(all) // It was interrupted.
	case err != nil:
		return &exitError{exitDevices, err}
	}
	defer func() { err = errors.Join(err, node.CloseBackends(all)) }()
	names, err := node.PickDevices(all, o.devices)
	if err == nil && len(names) == 0 {
		err = errors.New("none is left to mine on")
	}
	if err != nil {
		return &exitError{exitDevices, fmt.Errorf("flag --devices: value %q: %w", o.devices, err)}
	}
	var checker compute.Backend
	if !o.trust {
		checker = all[0]
	}
	return f(picked(all, names), checker)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
	"github.com/bytom-solo/bytom-solo/node"
)

// benchDevices measures what a list of devices names.
func benchDevices(ctx context.Context, out, terminal io.Writer, config benchConfig) error {
	return withBackends(ctx, terminal, config.devices, func(all []compute.Backend) error {
		var contestants []compute.Contestant
		for _, b := range all {
			if b.Info().Accelerator {
				contestants = append(contestants, compute.Contestant{Name: b.Info().Name, Backend: b, Peaks: vulkan.Peaks(b)})
			}
		}
		if len(contestants) == 0 {
			return fmt.Errorf("flag --devices: value %q: expected graphics cards that 'bytom-solo devices' lists; --isa is for the CPU", config.devices)
		}
		return measure(ctx, out, terminal, config, contestants)
	})
}

// runSweep tries every variant on the devices named.
func runSweep(ctx context.Context, out, terminal io.Writer, config benchConfig) error {
	log, err := quietLog(terminal)
	if err != nil {
		return err
	}
	known, err := node.VulkanDevices()
	if err != nil {
		return err
	}
	var reports []vulkan.SweepReport
	for _, d := range known {
		if config.devices != "" && d.Answers(config.devices) || config.devices == "" && d.Answers(vulkan.Prefix) {
			fmt.Fprintf(terminal, "%s: every variant, %v each; this takes minutes\n", d.Name, config.bench.Turn)
			done := working(terminal, d.Name, 0)
			report, err := vulkan.Sweep(ctx, d, node.VulkanConfig(log), config.bench.Turn)
			done()
			if err != nil {
				return err
			}
			reports = append(reports, report)
		}
	}
	if len(reports) == 0 {
		return errors.New("flag --devices: no such graphics card; 'bytom-solo devices' lists them")
	}
	return printJSON(out, reports)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
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

func printDeviceBench(out io.Writer, report compute.BenchReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "DEVICE\tVARIANT\tH/s\tCPU\tNEW SEED\tHASHES\t\t")
	for _, r := range report.Results {
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%s\t%s\t%d\t%s\t\n", r.Name, r.Kernel, r.HashesPerSecond, known("%.2f µs/H", r.HostMicroseconds), known("%.1f ms", r.SeedMilliseconds), r.Hashes, verdict(r))
	}
	fmt.Fprintln(w, "\nDEVICE\tPATH\tITS PEAK\tTHE HASHES\tPART\t")
	for _, r := range report.Results {
		for _, p := range r.Peaks {
			fmt.Fprintf(w, "%s\t%s\t%s\t%.1f G/s\t%s\t\n", r.Name, p.Name, known("%.1f G/s", p.MultiplyAdds/1e9), r.MultiplyAdds/1e9, known("%.3f", p.Part))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, `
Medians of %d rounds, by the clock on the wall but for the seed, which is processor
time. G/s are 10^9 multiply-adds a second. A path's peak is on registers alone, and
the device's hashes, by the variant that it uses, are compared with each. CPU is the
processor time that a hash takes beside the device: less with header hashes made there,
which is so where the variant ends in "+headers" (%s=auto, device or host).
`, report.Rounds, vulkan.HeadersVariable)
	return err
}

// runSweep tries every variant on the devices named.
func runSweep(ctx context.Context, out, terminal io.Writer, config benchConfig) error {
	known, err := vulkan.Devices()
	if err != nil {
		return err
	}
	var reports []vulkan.SweepReport
	for _, d := range known {
		if config.devices != "" && d.Answers(config.devices) || config.devices == "" && d.Answers(vulkan.Prefix) {
			fmt.Fprintf(terminal, "%s: every variant, %v each; this takes minutes\n", d.Name, config.bench.Turn)
			report, err := vulkan.Sweep(ctx, d, config.bench.Turn)
			if err != nil {
				return err
			}
			reports = append(reports, report)
		}
	}
	if len(reports) == 0 {
		return errors.New("flag --devices: no such graphics card; 'bytom-solo devices' lists them")
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(reports)
}

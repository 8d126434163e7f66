package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/console"
	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/pin"
)

// benchConfig is what the flags of bench say.
type benchConfig struct {
	bench   compute.BenchConfig
	isa     []string
	compare bool
	asJSON  bool
	old     string // another build of this program to compare with
	devices string // graphics cards instead of kernels
	sweep   bool
}

func newBenchCommand(terminal io.Writer) *cobra.Command {
	config := benchConfig{
		bench:   compute.BenchConfig{Rounds: 5, Turn: time.Second, Threads: slices.Compact([]int{1, pin.Cores()})},
		isa:     []string{"all"},
		compare: true,
	}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the CPU's kernels against Bytom's own code, checking each hash",
		Long: `Measure the CPU's kernels against Bytom's own code, checking each hash.

The kernels take turns, round after round, and figures are medians: machines are
noisy, so only ratios within one run mean something. Each is held to its peak, the
fastest that the core executes its multiply instruction in the same run. Fails if
a kernel computes a wrong hash. It takes a minute or two, and stderr says how far it is.

--old PATH has another build of this program measure the same, in turns with this one.

--devices measures graphics cards instead, each held to what its multiplications make
on registers alone. --sweep tries every variant of their shaders and prints JSON: it is
what to run on a card that this program was not tuned on.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := positive(cmd.Flags(), "rounds", "turn"); err != nil {
				return err
			}
			switch {
			case config.sweep:
				return runSweep(cmd.Context(), cmd.OutOrStdout(), terminal, config)
			case config.old != "":
				return benchOld(cmd.Context(), cmd.OutOrStdout(), terminal, config)
			case config.devices != "":
				return benchDevices(cmd.Context(), cmd.OutOrStdout(), terminal, config)
			}
			return runBench(cmd.Context(), cmd.OutOrStdout(), terminal, config)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&config.isa, "isa", config.isa, "kernels to measure: names that 'bytom-solo devices' lists, reference, or all that run here")
	f.IntSliceVar(&config.bench.Threads, "threads", config.bench.Threads, "numbers of threads to measure")
	f.BoolVar(&config.compare, "compare", config.compare, "measure Bytom's own Go code too, in the same rounds")
	f.IntVar(&config.bench.Rounds, "rounds", config.bench.Rounds, "turns of each kernel, 1 or more")
	f.DurationVar(&config.bench.Turn, "turn", config.bench.Turn, "length of a turn at the least")
	f.BoolVar(&config.asJSON, "json", false, "print JSON")
	f.StringVar(&config.old, "old", "", "path of another build of this program, to compare this one with")
	f.StringVar(&config.devices, "devices", "", "measure these instead of the CPU's kernels: vulkan, vulkan:0, vulkan:lavapipe")
	f.BoolVar(&config.sweep, "sweep", false, "with --devices: every variant of the shaders, for --turn each, as JSON")
	return cmd
}

func runBench(ctx context.Context, out, terminal io.Writer, config benchConfig) (err error) {
	for _, n := range config.bench.Threads {
		if n < 1 {
			return usage(fmt.Errorf("flag --threads: value %d: expected at least 1", n))
		}
	}
	if err := cpu.CheckContestants(config.isa); err != nil {
		return fmt.Errorf("flag --isa: %w", err)
	}
	contestants, err := cpu.Contestants(config.isa)
	defer func() {
		for _, c := range contestants {
			err = errors.Join(err, c.Backend.Close())
		}
	}()
	if err != nil {
		return err
	}
	if config.compare {
		contestants = append(contestants, compute.Contestant{Name: "bytom", Backend: node.StockAlgorithm{}})
		config.bench.Baseline = "bytom"
	}
	config.bench.Expansions = cpu.BenchExpansions
	return measure(ctx, out, terminal, config, contestants)
}

// measure runs the benchmark and prints it, with its progress on the terminal.
func measure(ctx context.Context, out, terminal io.Writer, config benchConfig, contestants []compute.Contestant) error {
	config.bench.Contestants = contestants
	config.bench.Progress = benchProgress(terminal, config.bench.Rounds)
	report, err := compute.Bench(ctx, config.bench)
	console.Of(terminal).Hide()
	if err != nil {
		return err
	}
	if config.asJSON {
		return printJSON(out, report)
	}
	if config.devices != "" {
		return table.DeviceBench(out, report)
	}
	return table.Bench(out, report)
}

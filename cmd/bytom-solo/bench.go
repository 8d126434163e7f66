package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
	"github.com/bytom-solo/bytom-solo/node"
)

func newBenchCommand() *cobra.Command {
	config := compute.BenchConfig{Rounds: 5, Turn: time.Second}
	asJSON := false
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure every backend against Bytom's own code, checking each hash",
		Long: `Measure every backend against Bytom's own code, checking each hash.

The backends take turns, round after round, on one core each, and figures are
medians: machines are noisy, so only ratios within one run mean something. Fails
if a backend computes a wrong hash.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runBench(cmd.Context(), cmd.OutOrStdout(), config, asJSON)
		},
	}
	cmd.Flags().IntVar(&config.Rounds, "rounds", config.Rounds, "turns of each backend")
	cmd.Flags().DurationVar(&config.Turn, "turn", config.Turn, "length of a turn at the least")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func runBench(ctx context.Context, out io.Writer, config compute.BenchConfig, asJSON bool) (err error) {
	contestants, err := benchContestants()
	defer func() {
		for _, c := range contestants {
			err = errors.Join(err, c.Backend.Close())
		}
	}()
	if err != nil {
		return err
	}
	config.Contestants, config.Baseline = contestants, "bytom"
	report, err := compute.Bench(ctx, config)
	if err != nil {
		return err
	}
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(report)
	}
	return printBench(out, report)
}

// benchContestants are the CPU's kernels that run here, fastest first, the
// reference, and Bytom's own code.
func benchContestants() ([]compute.Contestant, error) {
	var all []compute.Contestant
	kernels := cpu.Kernels()
	for i := len(kernels) - 1; i >= 0; i-- {
		k := kernels[i]
		if !k.Usable {
			continue
		}
		b, err := cpu.New(cpu.Config{Kernel: k.Name, Threads: 1})
		if err != nil {
			return all, err
		}
		all = append(all, compute.Contestant{Name: "cpu " + k.Name, Backend: b, Peak: func() float64 { return cpu.Peak(k.Name) }})
	}
	return append(all,
		compute.Contestant{Name: "reference", Backend: compute.NewReference()},
		compute.Contestant{Name: "bytom", Backend: node.StockAlgorithm{}}), nil
}

func printBench(out io.Writer, report compute.BenchReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "BACKEND\tH/s A CORE\t× BYTOM'S GO\tOF ITS PEAK\tNEW SEED\tHASHES\t\t")
	for _, r := range report.Results {
		peak, seed, verified := "-", "each hash", "WRONG"
		if r.Peak > 0 {
			peak = fmt.Sprintf("%.0f %%", 100*r.MultiplyAdds/r.Peak)
		}
		if r.SeedMilliseconds > 0.1 { // Bytom's code expands it anew for each hash.
			seed = fmt.Sprintf("%.1f ms", r.SeedMilliseconds)
		}
		if r.Verified {
			verified = "verified"
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.1f\t%s\t%s\t%d\t%s\t\n",
			r.Name, r.HashesPerSecond, r.Ratio, peak, seed, r.Hashes, verified)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "Medians of %d rounds in turns; hashes per second of %s time; peak is the kernel's\nmultiply-add on registers alone.\n", report.Rounds, report.Clock)
	return err
}

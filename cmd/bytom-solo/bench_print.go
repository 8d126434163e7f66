package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/bytom-solo/bytom-solo/compute"
)

func printBench(out io.Writer, report compute.BenchReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "KERNEL\tH/s A CORE\t× BYTOM'S GO\tNEW SEED\t× BYTOM'S GO\tVERIFY, NEW SEED\t× BYTOM'S GO\tHASHES\t\t")
	for _, r := range report.Results {
		fmt.Fprintf(w, "%s\t%.2f\t%s\t%s\t%s\t%.1f ms\t%s\t%d\t%s\t\n",
			r.Name, r.HashesPerSecond, known("%.1f", r.Ratio), known("%.1f ms", r.SeedMilliseconds), known("%.2f", r.SeedRatio),
			r.VerifyMilliseconds, known("%.1f", r.VerifyRatio), r.Hashes, verdict(r))
	}
	fmt.Fprintln(w, "\nKERNEL\tINSTRUCTION\tITS PEAK\tA CORE'S HASHES\tPART\t")
	for _, r := range report.Results {
		for _, p := range r.Peaks {
			fmt.Fprintf(w, "%s\t%s\t%.1f G/s\t%.1f G/s\t%.3f\t\n", r.Name, p.Name, p.MultiplyAdds/1e9, r.MultiplyAdds/1e9, p.Part)
		}
	}
	fmt.Fprintln(w, "\nKERNEL\tTHREADS\tH/s\tOF ONE THREAD\tITS PEAK'S\t")
	for _, r := range report.Results {
		for _, t := range r.Threads {
			n := float64(t.Threads)
			fmt.Fprintf(w, "%s\t%d\t%.2f\t%s\t%s\t\n", r.Name, t.Threads, t.HashesPerSecond,
				known("× %.2f", t.Scaling*n), known("× %.2f", t.PeakScaling*n))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, `
Medians of %d rounds in turns. A core's figures are by %s time, the others by the
clock on the wall: to verify takes all cores. G/s are 10^9 multiply-adds a second.
`, report.Rounds, report.Clock)
	return err
}

// known formats a figure, or a dash if there is none.
func known(format string, value float64) string {
	if value == 0 {
		return "-"
	}
	return fmt.Sprintf(format, value)
}

func verdict(r compute.BenchResult) string {
	if r.Verified {
		return "verified"
	}
	return "WRONG"
}

// benchProgress shows that the benchmark goes on: on a terminal one line that changes,
// else a line for each turn. The end wipes that of the terminal.
func benchProgress(terminal io.Writer, rounds int) (tell func(compute.BenchTurn), end func()) {
	before, after := "", "\n"
	if isTerminal(terminal) {
		before, after = "\r\x1b[K", ""
	}
	tell = func(t compute.BenchTurn) {
		fmt.Fprintf(terminal, "%sround %d of %d, turn %d of %d: %s%s", before, t.Round, rounds, t.Turn, t.Turns, t.Name, after)
	}
	return tell, func() { fmt.Fprint(terminal, before) }
}

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
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
	printAims(w, report)
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

// aim is a figure that a kernel has to reach.
type aim struct {
	kernel, what string
	least, best  float64
	measured     func(compute.BenchResult) float64
}

var aims = []aim{
	{"amx", "of its core's tdpbssd peak", 0.65, 0.80, peakPart("tdpbssd")},
	{"avx512vnni", "of its core's vpdpbusd peak", 0.82, 0.92, peakPart("vpdpbusd")},
	{"avxvnni", "of its core's vpdpbusd peak", 0.80, 0.90, peakPart("vpdpbusd")},
	{"avx2", "of its core's vpmaddwd peak", 0.92, 1, peakPart("vpmaddwd")},
	{"amx", "× Bytom's Go, per core", 450, 600, func(r compute.BenchResult) float64 { return r.Ratio }},
	{"", "seed expansion × Bytom's Go", 2.5, 3.5, func(r compute.BenchResult) float64 { return r.SeedRatio }},
	{"", "verify under a new seed, all cores, × Bytom's Go", 50, 90, func(r compute.BenchResult) float64 { return r.VerifyRatio }},
	{"", "most threads against as many times one", 0.97, 0.97, mostScaling},
}

func peakPart(name string) func(compute.BenchResult) float64 {
	return func(r compute.BenchResult) float64 {
		for _, p := range r.Peaks {
			if p.Name == name {
				return p.Part
			}
		}
		return 0
	}
}

func mostScaling(r compute.BenchResult) float64 {
	most := slices.MaxFunc(r.Threads, func(a, b compute.BenchThread) int { return cmp.Compare(a.Threads, b.Threads) })
	if most.Threads == 1 {
		return 0
	}
	return most.Scaling
}

// printAims tells of each aim how near the kernel that it is for has come, or the
// fastest one, which is the first.
func printAims(w io.Writer, report compute.BenchReport) {
	fmt.Fprintln(w, "\nAIM\tKERNEL\tMEASURED\tAT LEAST\tAIM\t")
	for _, a := range aims {
		kernel, measured := a.kernel, 0.0
		for i, r := range report.Results {
			if r.Name == a.kernel || a.kernel == "" && i == 0 {
				kernel, measured = r.Name, a.measured(r)
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%g\t%g\t\n", a.what, kernel, known("%.2f", measured), a.least, a.best)
	}
}

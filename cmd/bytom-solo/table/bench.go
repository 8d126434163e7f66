package table

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
	"github.com/bytom-solo/bytom-solo/rig"
)

// Bench prints a benchmark of the CPU's kernels.
func Bench(out io.Writer, report compute.BenchReport) error {
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
	fmt.Fprintln(w, "\nKERNEL\tTHREADS\tH/s\tOF ONE THREAD\tITS PEAK'S\tA CORE OF ONE'S\tITS PEAK'S\tCORES HAD\tOTHERS HAD\t")
	for _, r := range report.Results {
		for _, t := range r.Threads {
			n := float64(t.Threads)
			fmt.Fprintf(w, "%s\t%d\t%.2f\t%s\t%s\t%s\t%s\t%.2f\t%s\t\n", r.Name, t.Threads, t.HashesPerSecond,
				known("× %.2f", t.Scaling*n), known("× %.2f", t.PeakScaling*n), known("%.3f", t.CoreScaling), known("%.3f", t.PeakCoreScaling),
				t.Cores, othersHad(t))
		}
	}
	benchExpansions(w, report.Expansions)
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, `
Medians of %d rounds in turns. A core's figures are by %s time, the others by the
clock on the wall: to verify takes all cores. G/s are 10^9 multiply-adds a second.
Threads are slower for each other, "a core of one's", or have less than a core each,
when others have some. A seed is a chain of 2^19 Salsa20/8, of %d cycles at the least
where an operation takes one.
`, report.Rounds, report.Clock, compute.SalsaFloor)
	return err
}

// othersHad is how many processors others had, if the system says.
func othersHad(t compute.BenchThread) string {
	if t.Others == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f", *t.Others)
}

func benchExpansions(w io.Writer, all []compute.BenchExpansion) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "\nEXPANSION\tA SEED'S CHAIN\tCYCLES A SALSA\tFLOOR'S PART\t\t")
	for _, e := range all {
		used := ""
		if e.Used {
			used = "used"
		}
		fmt.Fprintf(w, "%s\t%.1f ms\t%s\t%s\t%s\t\n", e.Name, e.Milliseconds, known("%.1f", e.Cycles), known("%.2f", e.Part), used)
	}
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

// DeviceBench prints a benchmark of graphics cards.
func DeviceBench(out io.Writer, report compute.BenchReport) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "DEVICE\tVARIANT\tH/s\tCPU\tNEW SEED\tHASHES\t\t")
	for _, r := range report.Results {
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%s\t%s\t%d\t%s\t\n", r.Name, r.Kernel, r.HashesPerSecond, known("%.2f µs/H", r.HostMicroseconds), known("%.1f ms", r.SeedMilliseconds), r.Hashes, verdict(r))
	}
	above := false
	fmt.Fprintln(w, "\nDEVICE\tPATH\tITS PEAK\tTHE HASHES\tPART\t")
	for _, r := range report.Results {
		for _, p := range r.Peaks {
			above = above || p.Part > 1
			fmt.Fprintf(w, "%s\t%s\t%s\t%.1f G/s\t%s\t\n", r.Name, p.Name, known("%.1f G/s", p.MultiplyAdds/1e9), r.MultiplyAdds/1e9, known("%.3f", p.Part))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	note := ""
	if above {
		note = aboveThePeak
	}
	_, err := fmt.Fprintf(out, `
Medians of %d rounds, by the clock on the wall but for the seed, which is processor
time. G/s are 10^9 multiply-adds a second. A path's peak is on registers alone, and
the device's hashes, by the variant that it uses, are compared with each. CPU is the
processor time that a hash takes beside the device: less with header hashes made there,
which is so where the variant ends in "+headers" (%s=auto, device or host).
%s`, report.Rounds, vulkan.HeadersVariable, note)
	return err
}

// aboveThePeak says what a part above 1 is.
const aboveThePeak = `A part above 1 is no error: the hashes are by another path, which is faster, or the
device computes on the CPU, whose compiler makes less of the shader for the peak.
`

// RigBench prints the speed of a rig's devices at a known job.
func RigBench(out io.Writer, results []rig.BenchmarkResult) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tKERNEL\tWORKERS\tH/s\tHASHES\t")
	for _, r := range results {
		verdict := "all as known"
		if r.Failed != "" {
			verdict = "WRONG"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%.2f\t%d\t%s\n", r.Name, r.Kernel, r.Workers, r.HashesPerSecond, r.Hashes, verdict)
	}
	return w.Flush()
}

// BenchOld prints what became of figures from another build to this one.
func BenchOld(out io.Writer, changes []compute.BenchChange, rounds int) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KERNEL\tFIGURE\tOLD\tNEW\tNEW/OLD\tOF ITS LIMIT\tWHICH IS\t")
	for _, c := range changes {
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%.2f\t%.3f\t%s\t%s\t\n", c.Name, c.Figure, c.Old, c.New, c.Ratio, known("%.3f", c.OfLimit), c.Limit)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\nMedians of %d rounds, both builds in turns; each has checked its own hashes.\n", rounds)
	return err
}

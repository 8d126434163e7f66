package computetest

import (
	"fmt"
	"os"
	"testing"
)

// Stolen has a benchmark report, as stolen-%, what part of the processor time that was wanted
// the machine's host gave to others from this call to that of the function it returns. The
// highest percentiles of a benchmark are the host's where it is more than a few. Linux reports it,
// in the first line of /proc/stat; elsewhere, and on a machine without a host, nothing is
// reported.
func Stolen(b *testing.B) (report func()) {
	stolen, wanted := processorTime()
	return func() {
		s, w := processorTime()
		if w > wanted && s > 0 {
			b.ReportMetric(100*float64(s-stolen)/float64(w-wanted), "stolen-%")
		}
	}
}

// processorTime is, in ticks since the start, what the host gave to others, and what was
// wanted, that included.
func processorTime() (stolen, wanted uint64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	var user, nice, system, idle, io, irq, softirq uint64
	if _, err := fmt.Sscanf(string(text), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &io, &irq, &softirq, &stolen); err != nil {
		return 0, 0
	}
	return stolen, user + nice + system + irq + softirq + stolen
}

package compute

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// processorsBusy is the time that all processors have worked, for whomever: in a virtual
// machine also what its host did with them meanwhile.
func processorsBusy() (busy time.Duration, known bool) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	return parseBusy(string(raw))
}

// parseBusy reads the first line of /proc/stat: "cpu", and ticks of 10 ms by user, nice,
// system, idle, iowait, irq, softirq and steal.
func parseBusy(stat string) (busy time.Duration, known bool) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, false
	}
	for i, field := range fields[1:9] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, false
		}
		if i != 3 && i != 4 { // idle, and waiting for a disk
			busy += time.Duration(ticks) * 10 * time.Millisecond
		}
	}
	return busy, true
}

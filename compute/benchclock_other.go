//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package compute

import "time"

const benchClockName = "wall"

var benchStart = time.Now()

// benchClock is the time since the program started: this system does not report
// the processor time of a process, so other processes disturb the figures.
func benchClock() time.Duration { return time.Since(benchStart) }

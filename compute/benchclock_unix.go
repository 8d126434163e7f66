//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package compute

import (
	"syscall"
	"time"
)

const benchClockName = "cpu"

// benchClock is the processor time that this process has used, in all threads.
func benchClock() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // only wrong arguments are refused
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

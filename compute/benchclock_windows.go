package compute

import (
	"syscall"
	"time"
)

const benchClockName = "cpu"

// benchClock is the processor time that this process has used, in all threads.
func benchClock() time.Duration {
	process, err := syscall.GetCurrentProcess()
	if err != nil {
		panic(err) // a process can always name itself
	}
	var created, exited, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(process, &created, &exited, &kernel, &user); err != nil {
		panic(err) // and ask for its own times
	}
	return filetimeSpan(kernel) + filetimeSpan(user)
}

// filetimeSpan reads a Filetime as a span, which it holds in units of 100 ns.
func filetimeSpan(f syscall.Filetime) time.Duration {
	return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
}

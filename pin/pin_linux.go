package pin

import (
	"runtime"

	"golang.org/x/sys/unix"
)

func goroutine(n, of int) (unpin func()) {
	runtime.LockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil || before.Count() != of || n >= of {
		return runtime.UnlockOSThread
	}
	one.Set(nth(&before, n))
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return runtime.UnlockOSThread
	}
	return func() {
		if err := unix.SchedSetaffinity(0, &before); err != nil {
			return // still locked, the thread ends with its goroutine
		}
		runtime.UnlockOSThread()
	}
}

// nth is the number of a set's n-th processor, which it has.
func nth(set *unix.CPUSet, n int) (cpu int) {
	for ; n > 0 || !set.IsSet(cpu); cpu++ {
		if set.IsSet(cpu) {
			n--
		}
	}
	return cpu
}

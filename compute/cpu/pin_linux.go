//go:build cgo

package cpu

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// pin keeps the calling goroutine on the n-th, from 0 on, of the processors that its
// thread may use, if these are as many as it is told, until unpin is called.
//
// A kernel that sees one processor of a pair busy for a moment, or taken by the host of
// a virtual machine, may put two threads on the other one and leave them there for a
// hash's time. Whoever has a thread for each processor knows better. With fewer threads
// than processors the kernel has room, and knows which of them share a core.
func pin(n, of int) (unpin func()) {
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

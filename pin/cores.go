package pin

import (
	"os"
	"runtime"
)

// Cores is how many processors this process may keep busy: those that it is allowed to run
// on, or fewer where GOMAXPROCS or a container's limit says so.
func Cores() int { return min(runtime.NumCPU(), runtime.GOMAXPROCS(0)) }

// SpareGoProcs doubles GOMAXPROCS, for a program whose kernels in C keep every processor busy.
// Each call of one holds one of Go's Ps until a watcher of the runtime takes it away. Where no P
// is idle, whatever else wants to run waits for that watcher, which sleeps up to 10 ms; and while
// calls are short it wakes every 20 µs instead, at the expense of a processor that hashes. It is
// to be called once, when a program starts. Cores stays the same. Where somebody has chosen
// GOMAXPROCS, or a container's limit has, it does nothing.
func SpareGoProcs() {
	procs := runtime.GOMAXPROCS(0)
	if os.Getenv("GOMAXPROCS") == "" && procs == runtime.NumCPU() {
		runtime.GOMAXPROCS(2 * procs)
	}
}

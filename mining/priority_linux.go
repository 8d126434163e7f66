package mining

import (
	"runtime"
	"syscall"
)

// lowPriority locks the goroutine to a thread with the lowest scheduling priority, so that
// mining takes the time that the node and the machine leave. The thread
// ends with the goroutine, which must not unlock it.
func lowPriority() {
	runtime.LockOSThread()
	// On Linux 0 is the calling thread, not the process. A refusal costs nothing
	// but the politeness.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19)
}

package harness

import (
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// HeldToModes calls do, whose new processes are held to the modes of files, as those of another user are,
// even where the tests run as root. It skips the test where that can't be had.
func HeldToModes(t testing.TB, do func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		do()
		return
	}
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // For good: the thread ends with the goroutine, as nobody else may have it.
		for _, capability := range []uintptr{unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH} {
			// What is out of the bounding set, root has no more after an exec.
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
				failed <- err
				return
			}
		}
		do()
		failed <- nil
	}()
	if err := <-failed; err != nil {
		t.Skipf("root's processes can't be held to the modes of files here: %v", err)
	}
}

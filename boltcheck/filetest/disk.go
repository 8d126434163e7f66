//go:build linux || darwin

package filetest

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// Alone has a test run in a process of its own, as what it does holds for the whole process. It
// is true there. Elsewhere it is false, after that process has passed or failed.
func Alone(t *testing.T) bool {
	t.Helper()
	const child = "BYTOM_SOLO_TEST_ALONE"
	if os.Getenv(child) == t.Name() {
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), child+"="+t.Name())
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
	return false
}

// FillDisk lets no file of this process grow beyond a size in bytes, until free is called: the
// calls that fail are those that a full disk has fail, with EFBIG for ENOSPC. The test has to be
// Alone.
func FillDisk(t *testing.T, size int64) (free func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // It would end the process.
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	set := func(limit syscall.Rlimit) {
		t.Helper()
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	full := before
	full.Cur = min(uint64(size), before.Cur)
	set(full)
	return func() { t.Helper(); set(before) }
}

// FillDiskAt is FillDisk at the size that a file has.
func FillDiskAt(t *testing.T, path string) (free func()) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return FillDisk(t, info.Size())
}

//go:build linux || darwin

package history

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHistoryOnAFullDisk lets the file grow no further, as a full disk does, then again. A
// limit on the size of files stands for the disk. It holds for the whole process, hence the
// process of its own.
func TestHistoryOnAFullDisk(t *testing.T) {
	const child = "BYTOM_SOLO_TEST_FULL_DISK"
	if os.Getenv(child) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ) // It would end the process.
	s, path := newSim(), filepath.Join(t.TempDir(), "h.db")
	h := open(t, s, path)
	h.readTotals()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	full := before
	full.Cur = uint64(info.Size())
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
		t.Fatal(err)
	}
	minutes := 0
	work := func() {
		for range 60 {
			s.pass(time.Minute, 1)
			h.readTotals()
			minutes++
		}
	}
	for work(); h.Flush() == nil; work() {
		if minutes > 1e6 {
			t.Fatal("a million minutes, and the file has not grown beyond its limit")
		}
	}
	work()
	h.count(block(1, s.now))
	if err := h.Flush(); err == nil || !strings.Contains(err.Error(), syscall.EFBIG.Error()) || h.Saved() || len(setAsideFiles(t, path)) > 0 {
		t.Errorf("on a full disk: %v, saved %v", err, h.Saved())
	}
	if sum := h.Over(time.Duration(minutes) * time.Minute); sum.Hashes != float64(minutes) {
		t.Errorf("on a full disk it goes on with %+v, expected %d hashes", sum, minutes)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	work()
	if err := h.Close(); err != nil || !h.Saved() {
		t.Fatalf("%v, saved %v", err, h.Saved())
	}
	h = open(t, s, path)
	blocks, _ := h.Blocks()
	if sum := h.Over(time.Duration(minutes) * time.Minute); sum.Hashes != float64(minutes) || len(blocks) != 1 {
		t.Errorf("after it there are %+v and the blocks %v, expected %d hashes", sum, blocks, minutes)
	}
}

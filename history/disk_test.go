//go:build linux || darwin

package history

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// TestHistoryOnAFullDisk lets the file grow no further, as a full disk does, then again.
func TestHistoryOnAFullDisk(t *testing.T) {
	if !filetest.Alone(t) {
		return
	}
	s, path := newSim(), filepath.Join(t.TempDir(), "h.db")
	h := open(t, s, path)
	h.readTotals()
	free := filetest.FillDiskAt(t, path)
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
	free()
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

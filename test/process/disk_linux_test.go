package process_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestAFullDiskIsWaitedFor fills the disk of a node that mines: it says so in a line,
// answers, and goes on when there is room; what it found is on the chain. Where it is
// stopped meanwhile, it stops cleanly.
func TestAFullDiskIsWaitedFor(t *testing.T) {
	t.Parallel() // It mostly waits.
	r := harness.NewSolver(t)
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("a disk of its own takes root: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	n := harness.Start(t, testnet.Solo(t), harness.SolonetArgs(filepath.Join(dir, "home"), append(r.Pace(10*time.Millisecond), "--mining")...)...)
	c := n.Client()
	harness.WaitGrowth(t, c, 2)

	fill(t, ballast)
	n.Await(`level=ERROR msg="the disk is full"`)
	if _, err := c.Height(t.Context()); err != nil {
		t.Error(err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	n.Await("there is room on the disk again")
	harness.WaitGrowth(t, c, 2)
	var found []node.FoundBlock
	if err := c.Call(t.Context(), node.FoundBlocksRoute, nil, &found); err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.State == "refused" || f.State == "journaled" {
			t.Errorf("%d %s is %s", f.Height, f.Hash, f.State)
		}
	}

	fill(t, ballast)
	testnet.Wait(t, time.Minute, func() error {
		if strings.Count(n.Text(), "the disk is full") < 2 {
			return errors.New("it does not say that the disk is full")
		}
		return nil
	})
	start := time.Now()
	n.Signal(syscall.SIGTERM)
	if code := n.End(); code != 0 || time.Since(start) > 5*time.Second {
		t.Errorf("exit code %d after %v", code, time.Since(start))
	}
	if strings.Contains(n.Text(), "panic") || strings.Contains(n.Text(), "goroutine") {
		t.Error("it panicked")
	}
}

// fill leaves no room on a disk.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		if _, err = f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

package testnet

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestRigsThatNeverStartedAreRemoved: what ended at its start has no report, and must not stay in the
// network for good, with all others that were to be removed with it.
func TestRigsThatNeverStartedAreRemoved(t *testing.T) {
	n := &Network{Dir: t.TempDir(), Nodes: []*Member{{}}, Rigs: []*RigBatch{{Number: 0}, {Number: 1}}}
	if err := os.MkdirAll(n.rigsDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(n.rigFile(1, ".json"), []byte(`[{"name":"a.test-1-0"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := n.save(); err != nil {
		t.Fatal(err)
	}
	if all, err := n.ListRigs(); err != nil || len(all) != 1 {
		t.Errorf("list: %v (%v), expected the one that ran", all, err)
	}
	if last, err := n.RemoveRigs(t.Context()); err != nil || len(last) != 1 || len(n.Rigs) != 0 {
		t.Errorf("remove: %v (%v), and %d batches stay", last, err, len(n.Rigs))
	}
}

// TestOneAtATimeAfterARemoval: who waited for the lock of a network that was removed must not get in
// beside who came after, and locks another file.
func TestOneAtATimeAfterARemoval(t *testing.T) {
	dir := t.TempDir()
	enter := func() (in <-chan struct{}, leave chan<- struct{}) {
		i, l := make(chan struct{}), make(chan struct{})
		go func() {
			err := (&Network{Dir: dir}).locked(context.Background(), func() error {
				close(i)
				<-l
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}()
		return i, l
	}
	in1, leave1 := enter()
	<-in1
	in2, leave2 := enter()
	time.Sleep(200 * time.Millisecond) // It has opened the file, and waits.
	if err := os.RemoveAll(filepath.Join(dir, lockFile)); err != nil {
		t.Fatal(err) // As Remove does.
	}
	close(leave1)
	<-in2
	in3, leave3 := enter()
	select {
	case <-in3:
		t.Error("two commands change the network at a time")
	case <-time.After(300 * time.Millisecond):
	}
	close(leave2)
	<-in3
	close(leave3)
}

// TestHalfASnapshotIsNone: what a crash left of one is not offered.
func TestHalfASnapshotIsNone(t *testing.T) {
	n := &Network{Dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(n.snapshots(), "half", "node-0"), 0o700); err != nil {
		t.Fatal(err)
	}
	if names, err := n.Snapshots(); err != nil || len(names) != 0 {
		t.Errorf("snapshots %q (%v), expected none", names, err)
	}
}

// TestASnapshotStaysUntilTheNextIsWhole: where a home can't be copied, the disk being full say, the
// snapshot of the same name from before is still there.
func TestASnapshotStaysUntilTheNextIsWhole(t *testing.T) {
	n := &Network{Dir: t.TempDir()}
	home := filepath.Join(n.Dir, "node-0")
	n.Nodes = []*Member{{daemon: daemon{Home: home}}}
	path, err := n.snapshot("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := n.keep(path, kept{}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(home); err != nil {
		t.Fatal(err)
	}
	if err := n.keep(path, kept{}); err == nil {
		t.Error("a home that is not there was copied")
	}
	if names, err := n.Snapshots(); err != nil || len(names) != 1 || names[0] != "a" {
		t.Errorf("snapshots %q (%v), expected the one from before", names, err)
	}
	if _, err := os.Stat(filepath.Join(path, "node-0")); err != nil {
		t.Error(err)
	}
}

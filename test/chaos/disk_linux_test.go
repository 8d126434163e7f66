package chaos_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// disk is the file system of a process's data directory: ext4, on a file. It can be full, fail so
// that it is read-only, and take its time for each write.
type disk struct {
	t     *testing.T
	dir   string
	image string

	stop   chan struct{}
	slowed sync.WaitGroup
}

// newDisk puts a disk where a directory is; it is nil where that can't be, which takes root. An hour of a stock
// node's logs takes more than 128 MiB.
func newDisk(t *testing.T, dir string) *disk {
	t.Helper()
	d := &disk{t: t, dir: dir, image: filepath.Join(t.TempDir(), "disk")}
	err := command("truncate", "-s", "512M", d.image)
	if err == nil {
		err = command("mke2fs", "-q", "-t", "ext4", d.image)
	}
	if err == nil {
		err = d.mount()
	}
	if err != nil {
		t.Logf("no disk of its own, so that none is full, read-only or slow: %v", err)
		return nil
	}
	t.Cleanup(func() { _ = command("umount", "-l", dir) })
	return d
}

func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return err
}

func (d *disk) mount() error { return command("mount", "-o", "loop,errors=remount-ro", d.image, d.dir) }

// sync has on the disk what the test itself has written.
func (d *disk) sync() {
	if d == nil {
		return
	}
	if err := command("sync", "-f", d.dir); err != nil {
		d.t.Error(err)
	}
}

// fill leaves no room.
func (d *disk) fill() error {
	f, err := os.Create(d.ballast())
	if err != nil {
		return err
	}
	for size := 1 << 20; size > 0; {
		if _, err = f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	return f.Close()
}

func (d *disk) ballast() string { return filepath.Join(d.dir, "ballast") }

// clear makes room again, for good: a failure that comes before the file system has written that down would bring
// the ballast back.
func (d *disk) clear() error {
	if err := os.Remove(d.ballast()); err != nil {
		return err
	}
	return command("sync", "-f", d.dir)
}

// fail has the kernel find an error in the file system, for which it is read-only from now on.
func (d *disk) fail() error {
	source, err := exec.Command("findmnt", "-n", "-o", "SOURCE", d.dir).Output()
	if err != nil {
		return err
	}
	name := filepath.Base(strings.TrimSpace(string(source)))
	return os.WriteFile(filepath.Join("/sys/fs/ext4", name, "trigger_fs_error"), []byte("1"), 0)
}

// repair makes a failed disk, which nobody uses, whole.
func (d *disk) repair() error {
	if err := command("umount", d.dir); err != nil {
		return err
	}
	// It exits with 1 where it has corrected something.
	if err := command("e2fsck", "-p", d.image); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
			return err
		}
	}
	return d.mount()
}

// slow has all writes, and so each fsync, wait for up to a second and a half, again and again.
func (d *disk) slow(random *rand.Rand) {
	d.stop = make(chan struct{})
	d.slowed.Go(func() {
		for {
			select {
			case <-d.stop:
				return
			case <-time.After(time.Duration(50+random.IntN(300)) * time.Millisecond):
			}
			if err := command("fsfreeze", "-f", d.dir); err != nil {
				d.t.Error(err)
				return
			}
			time.Sleep(time.Duration(100+random.IntN(1400)) * time.Millisecond)
			if err := command("fsfreeze", "-u", d.dir); err != nil {
				d.t.Error(err)
				return
			}
		}
	})
}

// fast ends slow.
func (d *disk) fast() {
	close(d.stop)
	d.slowed.Wait()
}

package boltcheck

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// TestAMapThatFails has a process reach the limit of its address space where a file outgrows its
// map: bbolt gives the file up, and the next transaction after the limit is gone has it again, with
// all that was written before, whoever comes at the same time.
func TestAMapThatFails(t *testing.T) {
	const child = "BYTOM_SOLO_TEST_MAP_PATH"
	if path := os.Getenv(child); path != "" {
		if err := outgrow(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAMapThatFails$")
	cmd.Env = append(os.Environ(), child+"="+filepath.Join(t.TempDir(), "f.db"))
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, bytes.TrimSpace(text))
	}
}

// outgrow fills a file beyond its map of 32 MiB, for the next of which there is no room.
func outgrow(path string) error {
	d, err := Open(path, Options{Options: bolt.Options{InitialMmapSize: 32 << 20, NoSync: true}})
	if err != nil {
		return err
	}
	// A map of 64 MiB takes 32 more than there are. What the program itself needs it has by then.
	room := bytes.Repeat([]byte{1}, 64<<20)
	room[0] = 0
	runtime.GC()
	raise, err := limitAddresses(24 << 20)
	if err != nil {
		return err
	}
	written, failed := 0, error(nil)
	for ; failed == nil; written++ {
		if written > 50 {
			return errors.New("50 MiB were written within a map of 32")
		}
		failed = d.Update(putIn(oldBucket, fmt.Sprintf("%04d", written), strings.Repeat("x", 1<<20)))
	}
	written--
	given := d.Bolt()
	if err := given.View(func(*bolt.Tx) error { return nil }); !errors.Is(err, berrors.ErrInvalidMapping) {
		return fmt.Errorf("after %w, bbolt itself: %v, expected that it gave the file up", failed, err)
	}
	if err := raise(); err != nil {
		return err
	}
	var together sync.WaitGroup
	errs := make(chan error, 8)
	for i := range 8 {
		together.Go(func() { errs <- goesOn(d, written, i) })
	}
	together.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	if d.Bolt() == given {
		err = errors.Join(err, errors.New("the file was not opened again"))
	}
	return errors.Join(err, d.Close())
}

// goesOn uses the file as if nothing had been.
func goesOn(d *DB, written, i int) error {
	for _, n := range []int{0, written / 2, written - 1} {
		if value, err := valueOf(d, oldBucket, fmt.Sprintf("%04d", n)); err != nil || len(value) != 1<<20 {
			return fmt.Errorf("value %d of %d: %d bytes, %w", n, written, len(value), err)
		}
	}
	if value, err := valueOf(d, oldBucket, fmt.Sprintf("%04d", written)); err != nil || value != "" {
		return fmt.Errorf("the value that failed: %d bytes, %w", len(value), err)
	}
	return d.Update(putIn(oldBucket, fmt.Sprintf("more %d", i), "1"))
}

// limitAddresses leaves a process this much more address space than it has, until raise.
func limitAddresses(more uint64) (raise func() error, err error) {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return nil, err
	}
	var pages uint64
	if _, err := fmt.Sscan(string(raw), &pages); err != nil {
		return nil, err
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &before); err != nil {
		return nil, err
	}
	limited := syscall.Rlimit{Cur: pages*uint64(os.Getpagesize()) + more, Max: before.Max}
	return func() error { return syscall.Setrlimit(syscall.RLIMIT_AS, &before) }, syscall.Setrlimit(syscall.RLIMIT_AS, &limited)
}

// TestGivenUpAgainAndAgain has a file's maps fail again and again, while it is written and read: what was
// written is there, what failed is not, and who fails is who needed the map.
func TestGivenUpAgainAndAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	var latest atomic.Pointer[os.File]
	open := func(path string, flags int, mode os.FileMode) (*os.File, error) {
		file, err := os.OpenFile(path, flags, mode)
		if err == nil && flags&os.O_RDWR != 0 {
			latest.Store(file)
		}
		return file, err
	}
	d := openDB(t, path, Options{Options: bolt.Options{NoSync: true, OpenFile: open}, AllocSize: 4096})
	first := d.Bolt()
	var sides sync.WaitGroup
	var written, failed atomic.Int64
	outcomes := make([]map[string]bool, 4)
	for side := range outcomes {
		outcomes[side] = make(map[string]bool)
		sides.Go(func() {
			for i := range 150 {
				key := fmt.Sprintf("%d-%04d", side, i)
				err := d.Update(putIn(oldBucket, key, strings.Repeat("x", 3000)))
				if outcomes[side][key] = err == nil; err == nil {
					written.Add(1)
				} else if failed.Add(1); !strings.Contains(err.Error(), "mmap allocate") {
					t.Error(err)
				}
				if _, err := valueOf(d, oldBucket, key); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { sides.Wait(); close(ended) }()
	for more := true; more; { // In a transaction, so that bbolt does not read the file then.
		if err := d.Update(func(*bolt.Tx) error { return writeOnly(path, latest.Load()) }); err != nil && !strings.Contains(err.Error(), "mmap allocate") {
			t.Error(err)
		}
		select {
		case <-ended:
			more = false
		case <-time.After(3 * time.Millisecond):
		}
	}
	t.Logf("%d written, %d failed", written.Load(), failed.Load())
	if failed.Load() == 0 || d.Bolt() == first {
		t.Error("no map failed")
	}
	for _, side := range outcomes {
		for key, ok := range side {
			if value, err := valueOf(d, oldBucket, key); err != nil || (len(value) == 3000) != ok {
				t.Fatalf("%s: %d bytes, %v, expected that it is there: %v", key, len(value), err, ok)
			}
		}
	}
	if err := errors.Join(d.Close(), Check(t.Context(), path)); err != nil {
		t.Error(err)
	}
}

// writeOnly has a file that is open be one for writing alone, of which no map for reading can be made.
func writeOnly(path string, file *os.File) error {
	other, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer other.Close()
	return syscall.Dup3(int(other.Fd()), int(file.Fd()), syscall.O_CLOEXEC)
}

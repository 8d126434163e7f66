package pin

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func affinity(t *testing.T) (set unix.CPUSet) {
	t.Helper()
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	return set
}

// TestPin: each of as many threads as there are processors has one of its own, and all
// of the process's threads have all of them afterwards, those started meanwhile too.
func TestPin(t *testing.T) {
	before := affinity(t)
	count := before.Count()
	var pinned, threads sync.WaitGroup
	sets := make([]unix.CPUSet, count)
	pinned.Add(count)
	for n := range count {
		threads.Go(func() {
			defer Goroutine(n, count)()
			sets[n] = affinity(t)
			var more sync.WaitGroup
			for range 4 { // while this one is pinned, others want threads
				more.Go(func() { runtime.LockOSThread() })
			}
			more.Wait()
			pinned.Done()
			pinned.Wait()
		})
	}
	threads.Wait()
	for n := range sets {
		if sets[n].Count() != 1 || !before.IsSet(nth(&sets[n], 0)) {
			t.Errorf("thread %d has %d processors", n, sets[n].Count())
		}
		for other := range n {
			if sets[n] == sets[other] {
				t.Errorf("threads %d and %d have the same processor", n, other)
			}
		}
	}
	checkEveryThread(t, before)
}

// TestPinLeavesRoom: with more processors than threads the kernel does better.
func TestPinLeavesRoom(t *testing.T) {
	before := affinity(t)
	count := before.Count()
	for _, c := range []struct{ n, of int }{{0, count + 1}, {0, count - 1}, {count, count}} {
		unpin := Goroutine(c.n, c.of)
		if now := affinity(t); now != before {
			t.Errorf("number %d of %d: on %d processors of %d", c.n, c.of, now.Count(), count)
		}
		unpin()
	}
}

var allowed = regexp.MustCompile(`(?m)^Cpus_allowed:\s*(.*)$`)

// checkEveryThread compares the processors of this process's threads.
func checkEveryThread(t *testing.T, want unix.CPUSet) {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(files) == 0 {
		t.Fatalf("no threads: %v", err)
	}
	var first string
	for _, file := range files {
		status, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		found := allowed.FindSubmatch(status)
		if found == nil {
			t.Fatalf("%s has no processors:\n%s", file, status)
		}
		if first == "" {
			first = string(found[1])
		}
		if string(found[1]) != first {
			t.Errorf("%s may use %s, another thread %s", file, found[1], first)
		}
	}
	if now := affinity(t); now != want {
		t.Errorf("this thread has %d processors, and had %d", now.Count(), want.Count())
	}
}

func TestNth(t *testing.T) {
	var set unix.CPUSet
	for _, cpu := range []int{2, 3, 64, 1000} {
		set.Set(cpu)
	}
	for n, want := range []int{2, 3, 64, 1000} {
		if got := nth(&set, n); got != want {
			t.Errorf("number %d is %d, expected %d", n, got, want)
		}
	}
}

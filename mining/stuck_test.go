package mining

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestACheckThatErrsOnceStopsNoDevice: a bit of the checking kernel's memory flips. The device is right, and
// is not to stand still until somebody restarts the program.
func TestACheckThatErrsOnceStopsNoDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var erred atomic.Bool
		check := func(_ context.Context, _ string, header, seed [32]byte) ([32]byte, error) {
			right := fakeHash(header, seed)
			if erred.CompareAndSwap(false, true) {
				right[7] ^= 1
			}
			return right, nil
		}
		m := mineChecked(t, newFakeChain(), check, &fakeBackend{name: "good", workers: 1, batch: 2, delay: 20 * time.Millisecond})
		time.Sleep(11 * time.Second)
		if d := m.Devices()[0]; d.Failed != "" || d.Hashes < 500 || d.Checked < 2 {
			t.Errorf("%+v", d)
		}
	})
}

// TestAStuckDeviceDoesNotHoldUpTheOthers: a driver that does not return from a call keeps its own workers. A
// change of settings must not wait for it with all the others standing still.
func TestAStuckDeviceDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, calls := make(chan struct{}), atomic.Int32{}
		stuck := &fakeBackend{name: "stuck", workers: 1, batch: 1, delay: 20 * time.Millisecond, fail: func([][32]byte) error {
			if calls.Add(1) > 3 {
				<-release
			}
			return nil
		}}
		m := mineWith(t, newFakeChain(), stuck, &fakeBackend{name: "good", workers: 2, batch: 2, delay: 20 * time.Millisecond})
		defer close(release)
		time.Sleep(5 * time.Second)
		before := m.Devices()[1].Hashes
		if before < 100 {
			t.Fatalf("the good one did %d hashes beside the stuck one", before)
		}
		m.Change(func(s *MinerSettings) { s.Paused = true })
		time.Sleep(5 * time.Second)
		m.Change(func(s *MinerSettings) { s.Paused = false })
		time.Sleep(time.Minute)
		if after := m.Devices()[1].Hashes; after < before+100 {
			t.Errorf("the good one did %d hashes in the minute after a pause", after-before)
		}
	})
}

// TestAStuckDeviceIsInTrouble: while others hash nobody would notice that a card stands still whose driver
// does not return.
func TestAStuckDeviceIsInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, calls := make(chan struct{}), atomic.Int32{}
		stuck := &fakeBackend{name: "stuck", workers: 2, batch: 1, delay: time.Second, fail: func([][32]byte) error {
			if calls.Add(1) == 3 {
				<-release
			}
			return nil
		}}
		m := mineWith(t, newFakeChain(), stuck, &fakeBackend{name: "good", workers: 1, batch: 1, delay: time.Minute})
		time.Sleep(10 * time.Minute)
		if d := m.Devices(); d[0].Trouble == "" || d[1].Trouble != "" {
			t.Errorf("%+v", d)
		}
		close(release)
		time.Sleep(10 * time.Second)
		if d := m.Devices()[0]; d.Trouble != "" {
			t.Errorf("%+v", d)
		}
	})
}

// TestAStuckDeviceLeavesNothingPerChange: settings may change for months while a device is stuck.
func TestAStuckDeviceLeavesNothingPerChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		stuck := &fakeBackend{name: "stuck", workers: 1, batch: 1, fail: func([][32]byte) error { <-release; return nil }}
		m := mineWith(t, newFakeChain(), stuck)
		defer close(release)
		toggle := func(times int) int {
			for range times {
				for _, paused := range []bool{true, false} {
					m.Change(func(s *MinerSettings) { s.Paused = paused })
					time.Sleep(time.Minute)
				}
			}
			synctest.Wait()
			return runtime.NumGoroutine()
		}
		before := toggle(2)
		if after := toggle(20); after > before+5 {
			t.Errorf("%d goroutines before twenty changes, and %d after", before, after)
		}
	})
}

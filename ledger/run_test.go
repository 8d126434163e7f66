package ledger

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// TestLedgerPrunesEachHour runs a ledger: what is too old goes at the start, and from then
// on once an hour.
func TestLedgerPrunesEachHour(t *testing.T) {
	lt := newLedgerTest(t, 8)
	lt.now = lt.now.Truncate(day).Add(23*time.Hour + 30*time.Minute)
	for range 4 {
		lt.now = lt.now.Add(day)
		lt.work("a.0")
	}
	var now, ticks atomic.Int64
	now.Store(lt.now.UnixNano())
	lt.ledger.cfg.Days, lt.ledger.cfg.Flush = 1, time.Millisecond
	lt.ledger.cfg.Now = func() time.Time { ticks.Add(1); return time.Unix(0, now.Load()) }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- lt.ledger.Run(ctx) }()
	rows := func() int { n, _, _ := lt.counts(); return n }
	until := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); rows() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d rows, expected %d", rows(), want)
			}
		}
	}
	until(2)
	lt.now = lt.now.Add(59 * time.Minute) // It is another day.
	now.Store(lt.now.UnixNano())
	lt.work("a.0")
	for from := ticks.Load(); ticks.Load() < from+20; time.Sleep(time.Millisecond) {
	}
	if n := rows(); n != 3 {
		t.Errorf("%d rows within an hour of the last time, expected 3", n)
	}
	now.Store(lt.now.Add(time.Minute).UnixNano())
	until(2)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestLedgerKnowsWhenItWasLeft by whatever it wrote last: also where it was killed, and in
// a file of a version that did not note it.
func TestLedgerKnowsWhenItWasLeft(t *testing.T) {
	for name, leave := range map[string]func(lt *ledgerTest){
		"closed": func(lt *ledgerTest) { _ = lt.ledger.Close() },
		"killed after an hour": func(lt *ledgerTest) {
			lt.prune()
			_ = lt.ledger.file.Close()
		},
		"of an older version": func(lt *ledgerTest) {
			_ = lt.ledger.Close()
			err := inBolt(lt.path, func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Delete(lastSeenKey) })
			if err != nil {
				t.Error(err)
			}
		},
		"looked at": func(lt *ledgerTest) {
			_ = lt.ledger.Close()
			l, err := Read(lt.path)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(l.prune(lt.now), l.Close()); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			lt := newLedgerTest(t, 9)
			lt.work("a.0", "b.0")
			left := lt.now
			leave(lt)
			lt.now = left.Add(-time.Hour)
			lt.open()
			if got := lt.log.String(); !strings.Contains(got, "behind") || !strings.Contains(got, left.Format(time.RFC3339)) {
				t.Errorf("it says %q, expected %v", got, left)
			}
		})
	}
}

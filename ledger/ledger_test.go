package ledger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestLedgerOrder takes the last shares that make up a work, as PPLNS does, over the
// ends of hours and rounds and over a restart.
func TestLedgerOrder(t *testing.T) {
	lt := newLedgerTest(t, 99)
	for range 500 {
		lt.share()
	}
	lt.restart(false)
	for range 5 {
		lt.share() // These are not on the disk.
	}
	const window = 40 // in parts of 1/1000 of a block
	got, left := make(map[string]float64), window/1000.0
	err := lt.ledger.Shares(func(s Share) bool {
		part := min(left, s.Effective/s.Network)
		got[s.Rig] += part
		left -= part
		return left > 0
	})
	if err != nil || left > 0 {
		t.Fatalf("%v left, %v", left, err)
	}
	want, left := make(map[string]float64), window/1000.0
	for _, e := range slices.Backward(lt.entries) {
		if e.Kind == Accepted && left > 0 {
			part := min(left, e.Effective/e.Network)
			want[e.Rig] += part
			left -= part
		}
	}
	for rig := range want {
		if math.Abs(got[rig]-want[rig]) > 1e-12 {
			t.Errorf("%s has %v of the window, expected %v", rig, got[rig], want[rig])
		}
	}
}

// TestLedgerConcurrent counts from many goroutines while it is written and read.
func TestLedgerConcurrent(t *testing.T) {
	const sessions, each = 16, 1000
	l := Open(Config{Path: filepath.Join(t.TempDir(), "l.db"), Flush: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var run, add sync.WaitGroup
	run.Go(func() {
		if err := l.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	for i := range sessions {
		add.Go(func() {
			for n := range each {
				e := Entry{At: time.Now(), Rig: fmt.Sprint("a.", i%5), Kind: Kind(n % 5), Effective: 2, Network: 1000}
				if l.Add(e); n%100 == 0 {
					l.Login(time.Now(), e.Rig, "", "")
					l.Rigs(time.Now())
					if _, err := l.Rows(time.Now()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	add.Wait()
	cancel()
	run.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Read(l.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var total, byRow Tally
	for _, r := range l.Rigs(time.Now()) {
		total.Add(r.Tally)
	}
	rows, err := l.Rows(time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		byRow.Add(r.Tally)
	}
	const kind = sessions * each / 5
	want := Tally{Accepted: kind, Stale: kind, Duplicate: kind, Low: kind, Invalid: kind, Work: 2 * kind, Expected: 2 * kind / 1000.0}
	if !sameTally(total, want) || !sameTally(byRow, want) {
		t.Errorf("rigs %+v, rows %+v, expected %+v", total, byRow, want)
	}
}

// TestLedgerNeverWaits counts while a write hangs.
func TestLedgerNeverWaits(t *testing.T) {
	lt := newLedgerTest(t, 1)
	tx, err := lt.ledger.file.Bolt().Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error)
	lt.share()
	go func() { written <- lt.ledger.Flush() }()
	for range 1000 {
		lt.share()
		lt.ledger.Rigs(lt.now)
	}
	select {
	case err := <-written:
		t.Fatalf("the write did not hang: %v", err)
	default:
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	lt.check()
}

// BenchmarkLedger counts the shares of 10,000 rigs, writes them, lists the rigs, and
// reports what a row and a share take on the disk.
func BenchmarkLedger(b *testing.B) {
	const rigs = 10_000
	path := filepath.Join(b.TempDir(), "l.db")
	l := Open(Config{Path: path, Shares: 10_000_000, Rows: 10_000_000})
	names := make([]string, rigs)
	for i := range names {
		names[i] = fmt.Sprintf("bm1q0000000000000000000000000000000000000.rig%d", i)
	}
	at := time.Now().Truncate(time.Hour)
	hour := func() {
		at = at.Add(time.Hour)
		for i := range 3 * rigs {
			l.Add(Entry{At: at, Rig: names[i%rigs], Address: "10.0.0.1", Agent: "bench", Effective: 1000, Network: 1e9})
		}
	}
	size := func() float64 {
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		return float64(info.Size())
	}
	var adding, writing, listing time.Duration
	for b.Loop() {
		start := time.Now()
		hour()
		added := time.Now()
		if err := l.Flush(); err != nil {
			b.Fatal(err)
		}
		written := time.Now()
		l.Rigs(at)
		adding, writing, listing = adding+added.Sub(start), writing+written.Sub(added), listing+time.Since(written)
	}
	n := float64(b.N)
	b.ReportMetric(adding.Seconds()*1e9/n/(3*rigs), "ns/share")
	b.ReportMetric(writing.Seconds()*1e3/n, "ms/write")
	b.ReportMetric(listing.Seconds()*1e3/n, "ms/list")
	b.ReportMetric(size()/n/rigs, "B/row-of-3-shares")
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}

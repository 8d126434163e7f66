package ledger

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkShare is what a share costs whoever counts it.
func BenchmarkShare(b *testing.B) {
	l := Open(Config{Path: filepath.Join(b.TempDir(), "l.db")})
	defer l.Close()
	entries := make([]Entry, 1000)
	for i := range entries {
		entries[i] = Entry{
			At: time.Now(), Rig: fmt.Sprint("bm1q.rig", i), Address: "10.0.0.1", Agent: "bench", Effective: 1000, Network: 1e9,
			Owner: fmt.Sprint("bm1q", i%100), Work: uint64(i),
		}
	}
	n := 0
	for b.Loop() {
		l.Add(entries[n%len(entries)])
		if n++; n%50_000 == 0 {
			b.StopTimer()
			if err := l.Flush(); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	}
}

// BenchmarkFlush100 writes 100 shares of 100 rigs, as much as comes in a second.
func BenchmarkFlush100(b *testing.B) {
	l := Open(Config{Path: filepath.Join(b.TempDir(), "l.db")})
	defer l.Close()
	for b.Loop() {
		b.StopTimer()
		for i := range 100 {
			l.Add(Entry{At: time.Now(), Rig: fmt.Sprint("bm1q.rig", i), Effective: 1000, Network: 1e9, Owner: fmt.Sprint("bm1q", i%100), Work: 5})
		}
		b.StartTimer()
		if err := l.Flush(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBook is a second of a fleet that brings 10,000 shares of 1,000 rigs: 20 batches, written
// once. What it takes, of a second, is what the fleet takes of a core.
func BenchmarkBook(b *testing.B) {
	l := Open(Config{Path: filepath.Join(b.TempDir(), "l.db")})
	defer l.Close()
	batch := make([]Entry, 500)
	second, number := int64(1_700_000_000), uint64(0)
	for b.Loop() {
		for part := range 20 {
			for i := range batch {
				rig := (part*len(batch) + i) % 1000
				batch[i] = Entry{
					At: time.Unix(second, int64(i)), Rig: fmt.Sprint("bm1q.rig", rig), Address: "10.0.0.1", Agent: "bench", Effective: 1000, Network: 1e9,
					Owner: fmt.Sprint("bm1q", rig%100), Work: 5,
				}
			}
			number++
			if booked, err := l.Book(BatchID{Front: "front", Epoch: 1, Number: number, Oldest: 1}, batch); !booked || err != nil {
				b.Fatal(booked, err)
			}
		}
		if err := l.Flush(); err != nil {
			b.Fatal(err)
		}
		second++
	}
}

// BenchmarkWindow visits 2.4 million shares of 100 rigs, written in 24,000 seconds: a window
// of 8 blocks at a hundredth of the network.
func BenchmarkWindow(b *testing.B) {
	const shares, each = 2_400_000, 100
	path := filepath.Join(b.TempDir(), "l.db")
	l := Open(Config{Path: path, Shares: shares})
	l.file.Bolt().NoSync = true // 24,000 writes.
	for i := range shares {
		l.Add(Entry{At: time.Unix(1_600_000_000+int64(i)/each, 0), Rig: fmt.Sprint("bm1q.rig", i%100), Effective: 1000, Network: 1e9, Owner: fmt.Sprint("bm1q", i%100), Work: 5})
		if i%each == each-1 {
			if err := l.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	l, err := Read(path)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for _, way := range []struct {
		name  string
		visit func(func(Share) bool) error
	}{
		{"before", func(v func(Share) bool) error { return l.SharesBefore(shares, v) }},
		{"from", func(v func(Share) bool) error { return l.SharesFrom(0, v) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			for b.Loop() {
				n, work := 0, uint64(0)
				err := way.visit(func(s Share) bool { n++; work += s.Work; return true })
				if err != nil || n != shares || work != 5*shares {
					b.Fatal(n, work, err)
				}
			}
		})
	}
}

//go:build unix

package stratum

import (
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// mostMemory is what a session may hold, in bytes.
const mostMemory = 12 << 10

// TestMemoryOfASession: heap and stacks, with the ledger's part and 30 shares each, which is what a rig
// sends between two blocks. Buffers of the system are not counted.
func TestMemoryOfASession(t *testing.T) {
	if each := memoryOfASession(t, 500); each > mostMemory {
		t.Errorf("%d bytes a session, expected at most %d", each, mostMemory)
	}
}

// BenchmarkSessionMemory reports what TestMemoryOfASession measures for 10,000 rigs.
func BenchmarkSessionMemory(b *testing.B) {
	for b.Loop() {
		each := memoryOfASession(b, 10_000)
		b.ReportMetric(float64(each), "B/session")
		if each > mostMemory {
			b.Errorf("%d bytes a session, expected at most %d", each, mostMemory)
		}
	}
	b.ReportMetric(0, "ns/op")
}

func memoryOfASession(t testing.TB, sessions int) int64 {
	const others = 50 // For whom there is what does not depend on the number of sessions.
	counts := ledger.Open(ledger.Config{Path: filepath.Join(t.TempDir(), "ledger.db")})
	defer func() { _ = counts.Close() }()
	f := tcpFront(t, func(_ *front, cfg *Config) {
		cfg.MaxSessions, cfg.Log, cfg.Book = others+sessions, nil, InLedger(counts)
	})
	defer f.close()
	used := func(rigs int) (*farm, [2]int64) {
		farm := startFarm(t, f, rigs)
		farm.shares(30)
		for tip := range 3 {
			f.connect(byte(tip + 2))
			time.Sleep(10 * time.Millisecond)
		}
		for deadline := time.Now().Add(time.Minute); !f.quiet() && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		if err := counts.Flush(); err != nil {
			t.Fatal(err)
		}
		return farm, memoryInUse()
	}
	few, before := used(others)
	defer few.close()
	many, now := used(sessions)
	defer many.close()
	for kind := range now {
		now[kind] = (now[kind] - before[kind]) / int64(sessions)
	}
	t.Logf("%d bytes of the heap and %d of stacks a session, for %d", now[0], now[1], sessions)
	return now[0] + now[1]
}

// quiet reports whether nothing is to be hashed or written.
func (f *front) quiet() bool {
	return f.server.queue.length() == 0 && !slices.ContainsFunc(f.server.all(), func(s *session) bool {
		s.gate.Lock()
		defer s.gate.Unlock()
		return s.writing
	})
}

// memoryInUse is what live objects take of the heap, and the goroutines' stacks.
func memoryInUse() (bytes [2]int64) {
	for range 4 { // What the first ones finalized, what pools kept, and stacks, which become half as large each time.
		runtime.GC()
	}
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	for i := range samples {
		bytes[i] = int64(samples[i].Value.Uint64())
	}
	return bytes
}

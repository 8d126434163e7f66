package history

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"
)

// sim is a node's counters and its clocks, for a History to read.
type sim struct {
	now     time.Time
	elapsed time.Duration
	totals  Totals
	rigs    []RigTotals
}

var simStart = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func newSim() *sim { return &sim{now: simStart, totals: Totals{Difficulty: 1000}} }

func (s *sim) config(path string) Config {
	return Config{
		Path: path, Now: func() time.Time { return s.now }, Elapsed: func() time.Duration { return s.elapsed },
		Totals: func() Totals { return s.totals }, Rigs: func() []RigTotals { return s.rigs },
	}
}

// pass lets time pass, in which the devices compute so many hashes.
func (s *sim) pass(d time.Duration, hashes float64) {
	s.now, s.elapsed = s.now.Add(d), s.elapsed+d
	s.totals.Hashes += hashes
}

func open(t testing.TB, s *sim, path string) *History {
	t.Helper()
	cfg := s.config(path)
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	h := Open(cfg)
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func pathIn(t testing.TB) string { return filepath.Join(t.TempDir(), "mining", "history.db") }

// kill leaves a History as the end of its process does.
func (h *History) kill(t testing.TB) {
	t.Helper()
	h.fileMu.Lock()
	defer h.fileMu.Unlock()
	if h.file == nil {
		return
	}
	if err := h.file.Close(); err != nil {
		t.Fatal(err)
	}
	h.file = nil
}

func block(n int, at time.Time) Block {
	return Block{At: at, Height: uint64(n), Hash: fmt.Sprintf("%064x", n), Measured: true}
}

// near tells whether two sums are the same but for their order.
func near(a, b float64) bool { return a-b <= 1e-6*max(1, b) && b-a <= 1e-6*max(1, b) }

package rig

import (
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// knowing is a backend that knows the benchmark's results. Each of its two workers takes
// a second for a batch of 64, and some other time for its first.
type knowing struct {
	compute.Backend
	first time.Duration
}

func (knowing) Info() compute.Info {
	return compute.Info{Name: "knowing", Kernel: "none", Workers: 2}
}

func (k knowing) NewHasher(context.Context, [32]byte) (compute.Hasher, error) {
	return &knowingHasher{next: k.first}, nil
}

type knowingHasher struct{ next time.Duration }

func (*knowingHasher) Batch() int { return len(benchmarkResults) }

func (*knowingHasher) Close() error { return nil }

func (*knowingHasher) Hash(context.Context, [][32]byte, [][32]byte) error {
	return errors.New("it is given nonces")
}

func (h *knowingHasher) HashNonces(ctx context.Context, results [][32]byte, _ *compute.BlockHeader, nonces []uint64) error {
	sleepOr(ctx, h.next, nil)
	h.next = time.Second
	for i, nonce := range nonces {
		binary.BigEndian.PutUint64(results[i][:], benchmarkResults[nonce%uint64(len(benchmarkResults))])
		results[i][31] = 0xff // It is a share, and no block.
	}
	return ctx.Err()
}

// TestBenchmarkRate has a device of a known speed: the rate is the hashes by the time that
// they took, and the log is not one of a rig that mines.
func TestBenchmarkRate(t *testing.T) {
	const length = 65*time.Second + time.Second/2 // longer than it takes a rig to log its status
	for threads, workers := range map[int]int{0: 2, 1: 1, 3: 2} {
		synctest.Test(t, func(t *testing.T) {
			var log logText
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			results, err := Benchmark(t.Context(), devicesOf(knowing{first: time.Second}), threads, length, logger)
			if err != nil || len(results) != 1 {
				t.Fatalf("%d threads: %+v, %v", threads, results, err)
			}
			hashes := uint64(workers * 65 * len(benchmarkResults))
			if r := results[0]; r.Workers != workers || r.Hashes != hashes || r.HashesPerSecond != float64(hashes)/length.Seconds() {
				t.Errorf("%d threads: %+v, expected %d hashes in %v", threads, r, hashes, length)
			}
			text := log.String()
			if got := strings.Count(text, "\n"); got != 2 || !strings.Contains(text, "msg=mining") || !strings.Contains(text, "msg=stopped") {
				t.Errorf("%d lines of the log, which begins with:\n%.1000s", got, text)
			}
		})
	}
}

// TestBenchmarkOfASlowDevice has devices that have no hash at the end of the time: those
// that have one soon are waited for, those that don't are an error.
func TestBenchmarkOfASlowDevice(t *testing.T) {
	const length = time.Second
	synctest.Test(t, func(t *testing.T) {
		start, slow := time.Now(), benchmarkPatience-time.Second
		results, err := Benchmark(t.Context(), devicesOf(knowing{first: time.Millisecond}, knowing{first: slow}), 0, length, nil)
		if took := time.Since(start); err != nil || results[1].Hashes == 0 || took < slow || took > slow+time.Second {
			t.Errorf("%+v, %v after %v", results, err, took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := Benchmark(t.Context(), devicesOf(knowing{first: time.Millisecond}, knowing{first: time.Hour}), 0, length, nil)
		if took := time.Since(start); err == nil || !strings.Contains(err.Error(), "has not finished a hash") || errors.Is(err, ErrWrongHashes) || took != length+benchmarkPatience {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// TestBenchmarkIsCalledOff at once.
func TestBenchmarkIsCalledOff(t *testing.T) {
	for _, after := range []time.Duration{time.Second, time.Hour + time.Second} { // while it measures, and while it waits
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			start := time.Now()
			results, err := Benchmark(ctx, devicesOf(knowing{first: 2 * time.Hour}), 0, time.Hour, nil)
			if !errors.Is(err, context.DeadlineExceeded) || results != nil || time.Since(start) != after {
				t.Errorf("%+v, %v after %v", results, err, time.Since(start))
			}
		})
	}
}

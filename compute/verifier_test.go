package compute

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slowBackend takes a second of the bubble's time for a hash, which is the
// header with the seed's first byte in front.
type slowBackend struct {
	workers                   int
	open, made, running, most atomic.Int32
	fail                      atomic.Bool
}

var errDevice = errors.New("device lost")

func (b *slowBackend) Info() Info { return Info{Name: "slow", Kernel: "sleep", Workers: b.workers} }

func (b *slowBackend) NewHasher(ctx context.Context, seed [32]byte) (Hasher, error) {
	b.open.Add(1)
	b.made.Add(1)
	return &slowHasher{b, seed}, ctx.Err()
}

func (b *slowBackend) Close() error { return nil }

type slowHasher struct {
	b    *slowBackend
	seed [32]byte
}

func (*slowHasher) Batch() int { return 1 }

func (h *slowHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	return h.hash(ctx, &results[0], headers[0], 1)
}

// hash takes a second, divided by the number of cores.
func (h *slowHasher) hash(ctx context.Context, result *[32]byte, header [32]byte, cores int) error {
	now := h.b.running.Add(int32(cores))
	defer h.b.running.Add(-int32(cores))
	for most := h.b.most.Load(); now > most && !h.b.most.CompareAndSwap(most, now); {
		most = h.b.most.Load()
	}
	select {
	case <-time.After(time.Second / time.Duration(cores)):
	case <-ctx.Done():
		return ctx.Err()
	}
	if h.b.fail.Load() {
		return errDevice
	}
	*result = header
	result[0] = h.seed[0]
	return nil
}

func (h *slowHasher) Close() error {
	h.b.open.Add(-1)
	return nil
}

func TestVerifierForManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &slowBackend{workers: 3}
		v := NewVerifier(b)
		var group sync.WaitGroup
		for i := range byte(60) {
			group.Go(func() {
				seed := i % (SeedsKept + 2)
				got, err := v.Hash(t.Context(), [32]byte{0, i}, [32]byte{seed})
				if want := [32]byte{seed, i}; err != nil || got != want {
					t.Errorf("got %x, %v; want %x", got, err, want)
				}
			})
		}
		start := time.Now()
		group.Wait()
		if took := time.Since(start); took != 20*time.Second || b.most.Load() != 3 {
			t.Errorf("took %v with at most %d at a time, want 20 s with 3", took, b.most.Load())
		}
		if open := b.open.Load(); open > SeedsKept*3 {
			t.Errorf("keeps %d hashers", open)
		}
		v.Close()
		v.Close()
		if open := b.open.Load(); open != 0 {
			t.Errorf("%d hashers left open", open)
		}
	})
}

func TestVerifierUsesAHasherAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &slowBackend{workers: 3}
		v := NewVerifier(b)
		defer v.Close()
		for n := range byte(5) {
			for seed := range byte(SeedsKept) {
				if _, err := v.Hash(t.Context(), [32]byte{0, n}, [32]byte{seed}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if made := b.made.Load(); made != SeedsKept {
			t.Errorf("made %d hashers for %d seeds", made, SeedsKept)
		}
	})
}

func TestVerifierRemembersResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := NewVerifier(&slowBackend{workers: 1})
		defer v.Close()
		start := time.Now()
		for range 3 {
			got, err := v.Hash(t.Context(), [32]byte{0, 1}, [32]byte{2})
			if want := [32]byte{2, 1}; err != nil || got != want {
				t.Errorf("got %x, %v; want %x", got, err, want)
			}
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("the same hash three times took %v", took)
		}
	})
}

// TestVerifierComputesAHashOnce has several ask for one at a time, the first of whom gives up.
func TestVerifierComputesAHashOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &slowBackend{workers: 3}
		v := NewVerifier(b)
		defer v.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		var group sync.WaitGroup
		start := time.Now()
		ask := func(ctx context.Context, want error, took time.Duration) {
			group.Go(func() {
				got, err := v.Hash(ctx, [32]byte{0, 1}, [32]byte{2})
				if !errors.Is(err, want) || err == nil && got != [32]byte{2, 1} || time.Since(start) != took {
					t.Errorf("got %x, %v after %v; want %v after %v", got, err, time.Since(start), want, took)
				}
			})
			synctest.Wait()
		}
		ask(ctx, context.DeadlineExceeded, time.Second/2)
		for range 4 {
			ask(t.Context(), nil, 3*time.Second/2)
		}
		early, cancelEarly := context.WithTimeout(t.Context(), time.Second/4)
		defer cancelEarly()
		ask(early, context.DeadlineExceeded, time.Second/4) // does not wait for others
		group.Wait()
		if most := b.most.Load(); most != 1 {
			t.Errorf("%d at a time computed the same", most)
		}
	})
}

func TestVerifierErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &slowBackend{workers: 1}
		v := NewVerifier(b)
		b.fail.Store(true)
		if _, err := v.Hash(t.Context(), [32]byte{}, [32]byte{}); !errors.Is(err, errDevice) {
			t.Errorf("got %v", err)
		}
		b.fail.Store(false)

		// The second waits for the only slot until its context ends.
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := v.Hash(t.Context(), [32]byte{1}, [32]byte{}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := v.Hash(ctx, [32]byte{2}, [32]byte{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		v.Close() // waits for the first
		group.Wait()
		if _, err := v.Hash(t.Context(), [32]byte{3}, [32]byte{}); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if open := b.open.Load(); open != 0 {
			t.Errorf("%d hashers left open", open)
		}
	})
}

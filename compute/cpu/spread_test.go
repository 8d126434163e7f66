//go:build cgo

package cpu

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// spreadBackend spreads every hash over a number of cores, there or not.
type spreadBackend struct {
	compute.Backend
	cores int
}

func (b spreadBackend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	first, err := b.Backend.NewHasher(ctx, seed)
	if err != nil {
		return nil, err
	}
	h := &spreadHasher{first: first.(*hasher)}
	for range b.cores - 1 {
		helper, err := b.Backend.NewHasher(ctx, seed)
		if err != nil {
			h.Close()
			return nil, err
		}
		h.helpers = append(h.helpers, helper)
	}
	return h, nil
}

// spreadOver computes a hash and waits until its Hashers are idle.
func spreadOver(ctx context.Context, first *hasher, header [32]byte, helpers []compute.Hasher) ([32]byte, error) {
	var busy sync.WaitGroup
	defer busy.Wait()
	worker := func(h compute.Hasher, n int) compute.Worker {
		busy.Add(1)
		return compute.Worker{Hasher: h, Number: n, Idle: func(error) { busy.Done() }}
	}
	var employed atomic.Int32
	return first.Spread(ctx, header, worker(first, 0), func() (compute.Worker, bool) {
		n := int(employed.Add(1))
		if n > len(helpers) {
			return compute.Worker{}, false
		}
		return worker(helpers[n-1], n), true
	})
}

type spreadHasher struct {
	first   *hasher
	helpers []compute.Hasher
}

func (h *spreadHasher) Batch() int { return h.first.Batch() }

func (h *spreadHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	if err := compute.CheckBatch(results, headers); err != nil {
		return err
	}
	for i, header := range headers {
		var err error
		if results[i], err = spreadOver(ctx, h.first, header, h.helpers); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (h *spreadHasher) Close() error {
	for _, helper := range h.helpers {
		helper.Close()
	}
	return h.first.Close()
}

// TestSpreadConformance leaves the portable kernel, whose hash is slow, to the
// long tests: TestSpread has it too.
func TestSpreadConformance(t *testing.T) {
	forKernels(t, func(t *testing.T, kernel string) {
		if kernel == "portable" && !computetest.Long() {
			t.Skipf("takes half a minute: set %s=1", computetest.LongVariable)
		}
		t.Parallel()
		computetest.Conformance(t, spreadBackend{newBackend(t, kernel), 2})
	})
}

// TestSpread compares a hash on so many cores with the plain one.
func TestSpread(t *testing.T) {
	forKernels(t, func(t *testing.T, kernel string) {
		b := newBackend(t, kernel)
		seed, headers := [32]byte{7}, [][32]byte{{8}}
		want := make([][32]byte, 1)
		if err := newHasher(t, b, seed).Hash(t.Context(), want, headers); err != nil {
			t.Fatal(err)
		}
		for _, cores := range []int{1, 2, 3, 4, 8, 33} { // of 32 pieces at most
			t.Run(fmt.Sprint(cores), func(t *testing.T) {
				got := make([][32]byte, 1)
				err := newHasher(t, spreadBackend{b, cores}, seed).Hash(t.Context(), got, headers)
				if err != nil || got[0] != want[0] {
					t.Errorf("got %x, %v; want %x", got[0], err, want[0])
				}
			})
		}
	})
}

func newHasher(t testing.TB, b compute.Backend, seed [32]byte) compute.Hasher {
	t.Helper()
	h, err := b.NewHasher(t.Context(), seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// TestSpreadRecruitsLater: who comes free in the middle of a hash takes part in it.
func TestSpreadRecruitsLater(t *testing.T) {
	b := newBackend(t, "")
	h, helper := newHasher(t, b, [32]byte{}).(*hasher), newHasher(t, b, [32]byte{})
	want, err := spreadOver(t.Context(), h, [32]byte{1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	first, later := make(chan error, 1), make(chan error, 1)
	got, err := h.Spread(t.Context(), [32]byte{1}, compute.Worker{Hasher: h, Idle: func(err error) { first <- err }},
		func() (compute.Worker, bool) {
			w := compute.Worker{Hasher: helper, Number: 1, Idle: func(err error) { later <- err }}
			return w, asked.Add(1) == 5
		})
	if err := errors.Join(err, <-first, <-later); err != nil || got != want {
		t.Errorf("got %x, %v; want %x", got, err, want)
	}
	if n := asked.Load(); n > 1+32+1 {
		t.Errorf("asked %d times for workers on 32 pieces", n)
	}
}

// TestSpreadRefusesStrangers: a hash does without a helper that is none.
func TestSpreadRefusesStrangers(t *testing.T) {
	b := newBackend(t, "")
	h := newHasher(t, b, [32]byte{}).(*hasher)
	want, err := spreadOver(t.Context(), h, [32]byte{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	closed := newHasher(t, b, [32]byte{})
	closed.Close()
	for name, helper := range map[string]compute.Hasher{
		"itself":             h,
		"of another seed":    newHasher(t, b, [32]byte{1}),
		"of another backend": newHasher(t, newBackend(t, ""), [32]byte{}),
		"of another type":    newHasher(t, compute.NewReference(), [32]byte{}),
		"closed":             closed,
	} {
		var asked atomic.Bool
		refused := make(chan error, 1)
		first := make(chan error, 1)
		got, err := h.Spread(t.Context(), [32]byte{}, compute.Worker{Hasher: h, Idle: func(err error) { first <- err }},
			func() (compute.Worker, bool) {
				return compute.Worker{Hasher: helper, Idle: func(err error) { refused <- err }}, !asked.Swap(true)
			})
		if err := <-refused; !errors.Is(err, errStranger) {
			t.Errorf("helper %s: %v", name, err)
		}
		if err := errors.Join(err, <-first); err != nil || got != want {
			t.Errorf("with a helper %s: got %x, %v; want %x", name, got, err, want)
		}
	}
	h.Close()
	if _, err := spreadOver(t.Context(), h, [32]byte{}, nil); !errors.Is(err, compute.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestSpreadIsCancelled ends the context in the middle of a hash, which ends
// the hash, and computes another one in the same scratches.
func TestSpreadIsCancelled(t *testing.T) {
	b := newBackend(t, "portable") // whose hash takes long enough
	h := newHasher(t, spreadBackend{b, 2}, [32]byte{})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	headers := [][32]byte{{3}}
	got, want := make([][32]byte, 1), make([][32]byte, 1)
	if err := h.Hash(ctx, got, headers); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if err := errors.Join(h.Hash(t.Context(), got, headers),
		newHasher(t, b, [32]byte{}).Hash(t.Context(), want, headers)); err != nil || got[0] != want[0] {
		t.Errorf("after a cancelled hash: got %x, %v; want %x", got, err, want)
	}
}

// TestVerifierOnCores has many goroutines verify the vectors at a time, some of
// whom give up soon, and closes the Verifier while they do.
func TestVerifierOnCores(t *testing.T) {
	vectors := computetest.Vectors(t)
	forKernels(t, func(t *testing.T, kernel string) {
		b, err := New(Config{Kernel: kernel, Threads: 3})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		v := compute.NewVerifier(b)
		var group sync.WaitGroup
		for i := range 2 * len(vectors) {
			ctx, cancel := t.Context(), func() {}
			if i%4 == 3 {
				ctx, cancel = context.WithTimeout(ctx, 3*time.Millisecond)
			}
			defer cancel()
			group.Go(func() { verifyUnlessEnded(t, ctx, v, vectors[i%len(vectors)]) })
		}
		time.Sleep(200 * time.Millisecond) // some are through, some under way, others wait
		v.Close()
		group.Wait()
	})
}

func verifyUnlessEnded(t *testing.T, ctx context.Context, v *compute.Verifier, vector computetest.Vector) {
	got, err := v.Hash(ctx, vector.Header, vector.Seed)
	switch {
	case errors.Is(err, compute.ErrClosed), err != nil && errors.Is(err, ctx.Err()):
	case err != nil || got != vector.Tensority:
		t.Errorf("%s: got %x, %v; want %x", vector.Name, got, err, vector.Tensority)
	}
}

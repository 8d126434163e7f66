//go:build cgo

package cpu

import (
	"context"
	"errors"
	"fmt"
	"sync"
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
		if results[i], err = h.first.Spread(ctx, header, h.helpers); err != nil {
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

func TestSpreadRefusesStrangers(t *testing.T) {
	b := newBackend(t, "")
	h := newHasher(t, b, [32]byte{}).(*hasher)
	closed := newHasher(t, b, [32]byte{})
	closed.Close()
	for name, helper := range map[string]compute.Hasher{
		"itself":             h,
		"of another seed":    newHasher(t, b, [32]byte{1}),
		"of another backend": newHasher(t, newBackend(t, ""), [32]byte{}),
		"of another type":    newHasher(t, compute.NewReference(), [32]byte{}),
		"closed":             closed,
	} {
		if _, err := h.Spread(t.Context(), [32]byte{}, []compute.Hasher{helper}); !errors.Is(err, errStranger) {
			t.Errorf("helper %s: %v", name, err)
		}
	}
	h.Close()
	if _, err := h.Spread(t.Context(), [32]byte{}, nil); !errors.Is(err, compute.ErrClosed) {
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

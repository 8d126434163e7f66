package compute

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// spreadingBackend is a slowBackend whose Hashers are spreaders.
type spreadingBackend struct{ slowBackend }

func (b *spreadingBackend) NewHasher(ctx context.Context, seed [32]byte) (Hasher, error) {
	h, err := b.slowBackend.NewHasher(ctx, seed)
	return spreadingHasher{h.(*slowHasher)}, err
}

type spreadingHasher struct{ *slowHasher }

func (h spreadingHasher) Spread(ctx context.Context, header [32]byte, helpers []Hasher) (result [32]byte, err error) {
	for _, helper := range helpers {
		if helper.(spreadingHasher).seed != h.seed {
			return result, errors.New("a helper of another seed")
		}
	}
	return result, h.hash(ctx, &result, header, 1+len(helpers))
}

// spreading runs a test with a Verifier on four workers, and checks that its
// Close leaves nothing behind.
func spreading(t *testing.T, test func(t *testing.T, b *spreadingBackend, v *Verifier)) {
	synctest.Test(t, func(t *testing.T) {
		b := &spreadingBackend{slowBackend{workers: 4}}
		v := NewVerifier(b)
		test(t, b, v)
		v.Close()
		if open, most := b.open.Load(), b.most.Load(); open != 0 || most > 4 {
			t.Errorf("%d hashers left open, up to %d workers at a time", open, most)
		}
	})
}

// verify computes a hash, checks it, and returns how long it took.
func verify(t *testing.T, v *Verifier, n, seed byte) time.Duration {
	t.Helper()
	start := time.Now()
	got, err := v.Hash(t.Context(), [32]byte{0, n}, [32]byte{seed})
	if want := [32]byte{seed, n}; err != nil || got != want {
		t.Errorf("got %x, %v; want %x", got, err, want)
	}
	return time.Since(start)
}

func TestVerifierSpreadsOverIdleWorkers(t *testing.T) {
	spreading(t, func(t *testing.T, b *spreadingBackend, v *Verifier) {
		for n := range byte(3) {
			if took := verify(t, v, n, 0); took != time.Second/4 {
				t.Errorf("four workers took %v", took)
			}
		}
		if made := b.made.Load(); made != 4 {
			t.Errorf("made %d hashers for four workers", made)
		}
	})
}

// TestVerifierNeverWaitsForHelpers has a hash come in while one worker is busy,
// and another one while all are.
func TestVerifierNeverWaitsForHelpers(t *testing.T) {
	spreading(t, func(t *testing.T, b *spreadingBackend, v *Verifier) {
		v.slots <- struct{}{}
		var group sync.WaitGroup
		group.Go(func() {
			if took := verify(t, v, 0, 0); took != time.Second/3 {
				t.Errorf("three workers took %v", took)
			}
		})
		synctest.Wait()
		group.Go(func() {
			if took := verify(t, v, 1, 1); took != time.Second {
				t.Errorf("the worker that came free first took %v", took)
			}
		})
		synctest.Wait()
		<-v.slots
		group.Wait()
	})
}

// TestVerifierSpreadsNothingUnderLoad: as many hashes a second as without.
func TestVerifierSpreadsNothingUnderLoad(t *testing.T) {
	spreading(t, func(t *testing.T, b *spreadingBackend, v *Verifier) {
		var group sync.WaitGroup
		start := time.Now()
		for n := range byte(80) {
			group.Go(func() { verify(t, v, n, n%(SeedsKept+2)) })
		}
		group.Wait()
		if took := time.Since(start); took > 21*time.Second {
			t.Errorf("80 hashes on four workers took %v", took)
		}
	})
}

func TestVerifierSpreadErrors(t *testing.T) {
	spreading(t, func(t *testing.T, b *spreadingBackend, v *Verifier) {
		b.fail.Store(true)
		if _, err := v.Hash(t.Context(), [32]byte{}, [32]byte{}); !errors.Is(err, errDevice) {
			t.Errorf("got %v", err)
		}
		b.fail.Store(false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := v.Hash(ctx, [32]byte{1}, [32]byte{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if open := b.open.Load(); open != 0 {
			t.Errorf("keeps %d hashers that have failed", open)
		}
		if took := verify(t, v, 2, 0); took != time.Second/4 {
			t.Errorf("afterwards four workers took %v", took)
		}
	})
}

func TestVerifierClosesDuringASpreadHash(t *testing.T) {
	spreading(t, func(t *testing.T, b *spreadingBackend, v *Verifier) {
		var group sync.WaitGroup
		group.Go(func() { verify(t, v, 0, 0) })
		synctest.Wait()
		start := time.Now()
		v.Close()
		if took := time.Since(start); took != time.Second/4 {
			t.Errorf("Close waited for %v", took)
		}
		group.Wait()
		if _, err := v.Hash(t.Context(), [32]byte{1}, [32]byte{}); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

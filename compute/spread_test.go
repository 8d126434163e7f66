package compute

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// spreadingBackend is a slowBackend whose Hashers are spreaders.
type spreadingBackend struct {
	slowBackend
	// away is how much longer than the hash its last helper is at work.
	away time.Duration
}

func (b *spreadingBackend) NewHasher(ctx context.Context, seed [32]byte) (Hasher, error) {
	h, err := b.slowBackend.NewHasher(ctx, seed)
	return spreadingHasher{h.(*slowHasher), b.away}, err
}

type spreadingHasher struct {
	*slowHasher
	away time.Duration
}

func (h spreadingHasher) Spread(ctx context.Context, header [32]byte, first Worker,
	more func() (Worker, bool)) (result [32]byte, err error) {
	team := []Worker{first}
	for {
		w, ok := more()
		if !ok {
			break
		}
		team = append(team, w)
	}
	defer func() {
		last := team[len(team)-1]
		for _, w := range team[:len(team)-1] {
			w.Idle(err)
		}
		if h.away == 0 {
			last.Idle(err)
			return
		}
		time.AfterFunc(h.away, func() { last.Idle(err) })
	}()
	numbers := make(map[int]bool)
	for _, w := range team {
		numbers[w.Number] = true
		if w.Hasher.(spreadingHasher).seed != h.seed {
			return result, errors.New("a helper of another seed")
		}
	}
	if len(numbers) != len(team) {
		return result, fmt.Errorf("%d workers with %d numbers", len(team), len(numbers))
	}
	return result, h.hash(ctx, &result, header, len(team))
}

// spreading runs a test with a Verifier on four workers, and checks that its
// Close leaves nothing behind.
func spreading(t *testing.T, test func(t *testing.T, b *spreadingBackend, v *Verifier)) {
	synctest.Test(t, func(t *testing.T) {
		b := &spreadingBackend{slowBackend: slowBackend{workers: 4}}
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
		busy := <-v.idlers
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
		v.idlers <- busy
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

// TestVerifierWaitsForNoCoreThatIsAway: the result is there when it is known; the core
// that is away counts as busy until it is back, to the next hashes and to Close.
func TestVerifierWaitsForNoCoreThatIsAway(t *testing.T) {
	spreading(t, func(t *testing.T, b *spreadingBackend, v *Verifier) {
		b.away = 10 * time.Second
		if took := verify(t, v, 0, 0); took != time.Second/4 {
			t.Errorf("four workers, one of them away, took %v", took)
		}
		b.away = 0
		if took := verify(t, v, 1, 1); took != time.Second/3 {
			t.Errorf("the three that are left took %v", took)
		}
		time.Sleep(10 * time.Second)
		if took := verify(t, v, 2, 2); took != time.Second/4 {
			t.Errorf("when it was back, four workers took %v", took)
		}
		b.away = time.Minute
		verify(t, v, 3, 3)
		start := time.Now()
		v.Close()
		if took := time.Since(start); took != time.Minute {
			t.Errorf("Close waited for %v", took)
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

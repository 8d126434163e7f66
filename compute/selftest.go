package compute

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// SelfTest lets a backend compute hashes with known answers: a full batch, and
// then a hash under another seed; and one of each spread over two cores, if it
// knows how. A backend must have passed before it may mine
// or verify. The error says which hash was wrong; ctx's error is returned as it
// is. It takes about as long as two seeds, a batch and three hashes.
func SelfTest(ctx context.Context, b Backend) error {
	if err := selfTest(ctx, b, knownSeed, knownAnswers, 2); err != nil {
		return err
	}
	return selfTest(ctx, b, chainSeed, []knownAnswer{chainAnswer}, 1)
}

// selfTest hashes the answers' headers, repeated to fill one batch of the
// backend and at least atLeast.
func selfTest(ctx context.Context, b Backend, seed string, answers []knownAnswer, atLeast int) error {
	h, err := b.NewHasher(ctx, hash32(seed))
	if err != nil {
		return fmt.Errorf("self-test of %s: %w", b.Info().Name, err)
	}
	defer h.Close()

	n := max(atLeast, h.Batch())
	headers, results := make([][32]byte, n), make([][32]byte, n)
	for i := range headers {
		headers[i] = hash32(answers[i%len(answers)].header)
	}
	if err := h.Hash(ctx, results, headers); err != nil {
		return fmt.Errorf("self-test of %s: %w", b.Info().Name, err)
	}
	if err := checkAnswers(b.Info(), results, answers); err != nil {
		return err
	}
	if _, ok := h.(spreader); ok {
		return selfTestSpread(ctx, b, h, seed, answers)
	}
	return nil
}

// selfTestSpread hashes the first answer's header on two cores.
func selfTestSpread(ctx context.Context, b Backend, h Hasher, seed string, answers []knownAnswer) error {
	helper, err := b.NewHasher(ctx, hash32(seed))
	if err != nil {
		return fmt.Errorf("self-test of %s: %w", b.Info().Name, err)
	}
	defer helper.Close()
	var busy sync.WaitGroup
	defer busy.Wait() // before they are closed
	worker := func(h Hasher, n int) Worker {
		busy.Add(1)
		return Worker{Hasher: h, Number: n, Idle: func(error) { busy.Done() }}
	}
	helping := atomic.Bool{}
	result, err := h.(spreader).Spread(ctx, hash32(answers[0].header), worker(h, 0), func() (Worker, bool) {
		if !helping.CompareAndSwap(false, true) {
			return Worker{}, false
		}
		return worker(helper, 1), true
	})
	if err != nil {
		return fmt.Errorf("self-test of %s: %w", b.Info().Name, err)
	}
	return checkAnswers(b.Info(), [][32]byte{result}, answers)
}

// checkAnswers compares results, in the order of answers and repeating, with
// what they should be.
func checkAnswers(info Info, results [][32]byte, answers []knownAnswer) error {
	for i, got := range results {
		if want := answers[i%len(answers)]; got != hash32(want.hash) {
			return &WrongHashError{Backend: info, Vector: want.name, Position: i, Got: got, Want: hash32(want.hash)}
		}
	}
	return nil
}

// WrongHashError says that a backend has computed a wrong hash: it must not be
// used on this machine.
type WrongHashError struct {
	Backend   Info
	Vector    string // the name of the known answer
	Position  int    // of the hash in its batch
	Got, Want [32]byte
}

// Error implements error.
func (e *WrongHashError) Error() string {
	return fmt.Sprintf("%s (kernel %s) computed a wrong hash: vector %s, position %d: got %x, want %x",
		e.Backend.Name, e.Backend.Kernel, e.Vector, e.Position, e.Got, e.Want)
}

package compute

import (
	"context"
	"time"
)

// longestRest bounds how long a throttled Hasher rests at a time, however long the
// hash before took: the machine may have been asleep.
const longestRest = time.Minute

// Throttled returns a Backend that works like b for percent of the time at most: each
// of its Hashers rests after every batch, in proportion to the time that it took. It
// rests when it is called again, so that results are not held back. It is for mining:
// whoever waits for a hash, as a Verifier does, takes b itself.
//
// With 100 percent, or 0 for no limit, it returns b.
func Throttled(b Backend, percent int) Backend {
	if percent <= 0 || percent >= 100 {
		return b
	}
	return throttled{b, percent}
}

type throttled struct {
	Backend
	percent int
}

func (t throttled) NewHasher(ctx context.Context, seed [32]byte) (Hasher, error) {
	h, err := t.Backend.NewHasher(ctx, seed)
	if err != nil {
		return nil, err
	}
	return &throttledHasher{Hasher: h, percent: t.percent}, nil
}

// throttledHasher is a Hasher and no more: sharing a hash with others would be work
// that is not counted.
type throttledHasher struct {
	Hasher
	percent int
	rest    time.Duration // owed for the last batch
}

func (h *throttledHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	if h.rest > 0 {
		select {
		case <-time.After(h.rest):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	start := time.Now()
	err := h.Hasher.Hash(ctx, results, headers)
	h.rest = min(longestRest, time.Since(start)*time.Duration(100-h.percent)/time.Duration(h.percent))
	return err
}

package compute

import (
	"context"
	"fmt"

	"github.com/bytom-solo/bytom-solo/pin"
)

// Reference is the Backend in plain Go: the definition of Tensority. It runs
// everywhere and is slow: a hash takes about a second of one core.
type Reference struct {
	seeds *SeedCache[*Matrices]
}

// NewReference returns the reference backend.
func NewReference() *Reference {
	expand := func(seed [32]byte) (*Matrices, error) { return NewMatrices(seed), nil }
	return &Reference{seeds: NewSeedCache(SeedsKept, expand, nil)}
}

// Info implements Backend.
func (*Reference) Info() Info {
	return Info{Name: "reference", Kernel: "go", Workers: pin.Cores()}
}

// NewHasher implements Backend.
func (r *Reference) NewHasher(ctx context.Context, seed [32]byte) (Hasher, error) {
	m, release, err := r.seeds.Acquire(ctx, seed)
	if err != nil {
		return nil, err
	}
	return &referenceHasher{matrices: m, release: release}, nil
}

// Close implements Backend.
func (r *Reference) Close() error {
	r.seeds.Close()
	return nil
}

type referenceHasher struct {
	matrices *Matrices // nil after Close
	release  func()
}

func (*referenceHasher) Batch() int { return 1 }

func (h *referenceHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	if h.matrices == nil {
		return ErrClosed
	}
	if err := CheckBatch(results, headers); err != nil {
		return err
	}
	for i, header := range headers {
		var err error
		if results[i], err = sum(ctx, h.matrices, header); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (h *referenceHasher) Close() error {
	h.matrices = nil
	h.release()
	return nil
}

// CheckBatch returns an error if a call of Hash got slices of different lengths.
func CheckBatch(results, headers [][32]byte) error {
	if len(results) != len(headers) {
		return fmt.Errorf("compute: room for %d results of %d headers", len(results), len(headers))
	}
	return nil
}

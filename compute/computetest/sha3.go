package computetest

import (
	"context"
	"crypto/sha3"

	"github.com/bytom-solo/bytom-solo/compute"
)

// SHA3 is a backend that computes SHA3-256 of the header instead of Tensority,
// for tests of what is around the hash.
type SHA3 struct{}

// Info satisfies compute.Backend.
func (SHA3) Info() compute.Info { return compute.Info{Name: "sha3", Kernel: "sha3", Workers: 2} }

// NewHasher satisfies compute.Backend. The seed does not count.
func (s SHA3) NewHasher(context.Context, [32]byte) (compute.Hasher, error) { return s, nil }

// Batch satisfies compute.Hasher.
func (SHA3) Batch() int { return 1 }

// Hash satisfies compute.Hasher.
func (SHA3) Hash(_ context.Context, results, headers [][32]byte) error {
	for i, h := range headers {
		results[i] = sha3.Sum256(h[:])
	}
	return nil
}

// Close satisfies compute.Backend and compute.Hasher.
func (SHA3) Close() error { return nil }

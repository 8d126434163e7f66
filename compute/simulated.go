package compute

import (
	"context"
	"crypto/sha3"

	"github.com/bytom-solo/bytom-solo/pin"
)

// Simulated is a Backend for tests, whose hash costs next to nothing: SHA3-256 of the seed
// and the header hash. Where nothing is about Tensority, networks whose members all have it
// make a block in the time of twenty such hashes. No release has it: see node's tag simulated.
type Simulated struct{}

// Info implements Backend.
func (Simulated) Info() Info {
	return Info{Name: "simulated", Kernel: "sha3", Workers: pin.Cores()}
}

// NewHasher implements Backend.
func (Simulated) NewHasher(_ context.Context, seed [32]byte) (Hasher, error) {
	return simulatedHasher{seed}, nil
}

// Close implements Backend.
func (Simulated) Close() error { return nil }

type simulatedHasher struct{ seed [32]byte }

func (simulatedHasher) Batch() int { return 1 }

func (h simulatedHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	if err := CheckBatch(results, headers); err != nil {
		return err
	}
	for i, header := range headers {
		if err := ctx.Err(); err != nil {
			return err
		}
		results[i] = sha3.Sum256(append(h.seed[:], header[:]...))
	}
	return nil
}

func (simulatedHasher) Close() error { return nil }

package node

import (
	"context"
	"runtime"

	"github.com/bytom/bytom/crypto/scrypt"
	"github.com/bytom/bytom/mining/tensority/go_algorithm"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/version"

	"github.com/bytom-solo/bytom-solo/compute"
)

// StockAlgorithm is Bytom's own Go code as a backend: the baseline that speeds
// are compared with. Nothing mines or verifies with it.
type StockAlgorithm struct{}

// Info satisfies compute.Backend.
func (StockAlgorithm) Info() compute.Info {
	return compute.Info{Name: "bytom", Kernel: "go float64", Workers: 1}
}

// NewHasher satisfies compute.Backend. There is nothing to prepare: the algorithm
// expands the seed anew at each hash.
func (StockAlgorithm) NewHasher(_ context.Context, seed [32]byte) (compute.Hasher, error) {
	return stockHasher{bc.NewHash(seed)}, nil
}

// ExpandSeed is the expansion of a seed alone, which Bytom's package does not export: it
// lets compute.Bench measure what part of a hash that is.
func (StockAlgorithm) ExpandSeed(seed [32]byte) {
	extended := compute.ExtendSeed(seed)
	v := make([]uint32, 32*1024)
	var cache []uint32
	for range 128 {
		scrypt.Smix(extended[:], v)
		cache = append(cache, v...)
	}
	runtime.KeepAlive(cache)
}

// Close satisfies compute.Backend.
func (StockAlgorithm) Close() error { return nil }

type stockHasher struct{ seed bc.Hash }

func (stockHasher) Batch() int { return 1 }

func (h stockHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	if err := compute.CheckBatch(results, headers); err != nil {
		return err
	}
	// The algorithm sets GOMAXPROCS to 4 at each hash.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for i, header := range headers {
		if err := ctx.Err(); err != nil {
			return err
		}
		id := bc.NewHash(header)
		results[i] = go_algorithm.LegacyAlgorithm(&id, &h.seed).Byte32()
	}
	return nil
}

func (stockHasher) Close() error { return nil }

// BytomVersion is the version of the embedded node, which is sent to peers.
func BytomVersion() string { return version.Version }

package chain_test

import (
	"bytes"
	"context"
	"crypto/sha3"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// seedBackend computes SHA3 of header and seed instead of Tensority, keeps as many
// seeds as a real one and records each hash.
type seedBackend struct {
	seeds *compute.SeedCache[[32]byte]

	mu       sync.Mutex
	barren   bool
	hashers  int
	expanded map[[32]byte]int
	spent    []spentHash
}

// spentHash is a hash that a miner has asked for.
type spentHash struct {
	hasher       int
	header, seed [32]byte
	at           time.Time
}

func newSeedBackend() *seedBackend {
	b := &seedBackend{expanded: make(map[[32]byte]int)}
	b.seeds = compute.NewSeedCache(compute.SeedsKept, func(seed [32]byte) ([32]byte, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.expanded[seed]++
		return seed, nil
	}, nil)
	return b
}

// setBarren has the backend find no more solutions, and take its time.
func (b *seedBackend) setBarren() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.barren = true
}

// recorded are the hashes so far.
func (b *seedBackend) recorded() []spentHash {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent[:len(b.spent):len(b.spent)]
}

func (b *seedBackend) Info() compute.Info {
	return compute.Info{Name: "seed", Kernel: "sha3", Workers: 2}
}

func (b *seedBackend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	expanded, release, err := b.seeds.Acquire(ctx, seed)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hashers++
	return &seedHasher{b: b, serial: b.hashers, seed: expanded, release: release}, nil
}

func (b *seedBackend) Close() error {
	b.seeds.Close()
	return nil
}

type seedHasher struct {
	b       *seedBackend
	serial  int
	seed    [32]byte
	release func()
}

func (h *seedHasher) Batch() int { return 2 }

func (h *seedHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	barren := false
	for i, header := range headers {
		if barren = h.b.record(spentHash{h.serial, header, h.seed, time.Now()}); barren {
			results[i] = [32]byte(bytes.Repeat([]byte{0xff}, 32))
			continue
		}
		results[i] = sha3.Sum256(append(header[:], h.seed[:]...))
	}
	if barren {
		time.Sleep(200 * time.Microsecond)
	}
	return ctx.Err()
}

func (h *seedHasher) Close() error {
	h.release()
	return nil
}

// record keeps a hash and tells whether nothing can be found any longer.
func (b *seedBackend) record(s spentHash) (barren bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = append(b.spent, s)
	return b.barren
}

//go:build cgo

package cpu

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/pin"
)

// pairsVariable is the range of pairs that TestPairs compares, FROM:TO: half a day of a processor for a
// million, which may be done in pieces, and on more machines than one.
const pairsVariable = "BYTOM_SOLO_PAIRS"

// pairsASeed is how many headers are hashed under one seed. Seeds alone are compared by
// TestRandomExpansions and TestRandomPairs.
const pairsASeed = 250

// TestPairs compares the two kernels of two instruction sets that are fastest here on a range of an
// endless row of random pairs, the same on each machine.
func TestPairs(t *testing.T) {
	text := os.Getenv(pairsVariable)
	if text == "" {
		t.Skipf("30 ms of a core for each pair: %s=FROM:TO runs a range of them, as 0:1000000", pairsVariable)
	}
	var from, to int64
	if n, err := fmt.Sscanf(text, "%d:%d", &from, &to); n != 2 || from < 0 || from >= to || from%pairsASeed+to%pairsASeed != 0 {
		t.Fatalf("%s: value %q: expected FROM:TO, multiples of %d: %v", pairsVariable, text, pairsASeed, err)
	}
	var kernels []compute.Backend
	for _, k := range slices.Backward(Kernels()) { // The fastest is the last.
		if k.Usable && len(kernels) < 2 {
			kernels = append(kernels, newBackend(t, k.Name))
		}
	}
	if len(kernels) < 2 {
		t.Skip("there is only one kernel")
	}
	next, done := atomic.Int64{}, atomic.Int64{}
	next.Store(from / pairsASeed)
	var group sync.WaitGroup
	for range pin.Cores() {
		group.Go(func() {
			for n := next.Add(1) - 1; n < to/pairsASeed && !t.Failed(); n = next.Add(1) - 1 {
				comparePairs(t, kernels, uint64(n))
				if pairs := done.Add(pairsASeed); pairs%10_000 == 0 {
					t.Logf("%d pairs by %s and %s", pairs, kernels[0].Info().Kernel, kernels[1].Info().Kernel)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d pairs from %d on, by %s and %s", done.Load(), from, kernels[0].Info().Kernel, kernels[1].Info().Kernel)
}

// comparePairs compares the pairs of the seed of a number.
func comparePairs(t *testing.T, kernels []compute.Backend, number uint64) {
	random := rand.NewChaCha8([32]byte{byte(number), byte(number >> 8), byte(number >> 16), byte(number >> 24)})
	var seed [32]byte
	var headers [pairsASeed][32]byte
	_, _ = random.Read(seed[:])
	for i := range headers {
		_, _ = random.Read(headers[i][:])
	}
	var results [2][pairsASeed][32]byte
	for k, b := range kernels {
		h, err := b.NewHasher(t.Context(), seed)
		if err == nil {
			err = errors.Join(h.Hash(t.Context(), results[k][:], headers[:]), h.Close())
		}
		if err != nil {
			t.Error(err)
			return
		}
	}
	for i := range headers {
		if results[0][i] != results[1][i] {
			t.Errorf("pair %d: header %x seed %x: %s has %x, %s has %x", number*pairsASeed+uint64(i), headers[i], seed,
				kernels[0].Info().Kernel, results[0][i], kernels[1].Info().Kernel, results[1][i])
		}
	}
}

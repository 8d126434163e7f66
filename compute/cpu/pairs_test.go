//go:build cgo

package cpu

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
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
	var done atomic.Int64
	onCores(t, from/pairsASeed, to/pairsASeed, func(n int64) {
		seed, headers := numbered(uint64(n))
		comparePairs(t, seed, headers, kernels[0], kernels[1])
		if pairs := done.Add(pairsASeed); pairs%10_000 == 0 {
			t.Logf("%d pairs by %s and %s", pairs, kernels[0].Info().Kernel, kernels[1].Info().Kernel)
		}
	})
	t.Logf("%d pairs from %d on, by %s and %s", done.Load(), from, kernels[0].Info().Kernel, kernels[1].Info().Kernel)
}

// numbered are the seed of a number, and its headers.
func numbered(number uint64) (seed [32]byte, headers [][32]byte) {
	var of [32]byte
	binary.LittleEndian.PutUint64(of[:], number)
	random := rand.NewChaCha8(of)
	headers = make([][32]byte, pairsASeed)
	_, _ = random.Read(seed[:])
	for i := range headers {
		_, _ = random.Read(headers[i][:])
	}
	return seed, headers
}

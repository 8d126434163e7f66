//go:build cgo

package cpu

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/pin"
)

// onMatrices returns a hasher of a kernel that works on copies of Go's matrices.
func onMatrices(t *testing.T, kernel string, m *compute.Matrices) *hasher {
	t.Helper()
	b := newBackend(t, kernel).(*backend)
	own := *newHasher(t, b, [32]byte{}).(*hasher)
	own.seed = ownSeed(t, b)
	copy(matricesBytes(own.seed), matricesBytes(unsafe.Pointer(m.Matrix(0))))
	b.pack(own.seed, 0, parts[len(parts)-1])
	return &own
}

// ownSeed makes a seed that is in no cache.
func ownSeed(t *testing.T, b *backend) unsafe.Pointer {
	t.Helper()
	seed, err := b.expand([32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.free(seed) })
	return seed
}

func matricesBytes(first unsafe.Pointer) []byte {
	return unsafe.Slice((*byte)(first), compute.Count*compute.Size*compute.Size)
}

func firstDifference(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

// extremeMatrices are what no seed will ever give: matrices of the values at
// which a kernel's intermediate sums are largest. The first product turns -127
// into a state of -128, and 127 and -128 into one of 127.
func extremeMatrices() *compute.Matrices {
	m := new(compute.Matrices)
	source := rand.New(rand.NewPCG(1, 2))
	uniform := []int8{-127, 127, -128, 0, -1, 1}
	for n := range compute.Count {
		for i := range m.Matrix(n) {
			row := &m.Matrix(n)[i]
			for j := range row {
				switch {
				case n < len(uniform):
					row[j] = uniform[n]
				case n < 32:
					row[j] = uniform[source.IntN(3)]
				default:
					row[j] = int8(source.Uint32())
				}
			}
		}
	}
	return m
}

// TestExtremes compares the kernels with the plainest one where states and
// matrices are extreme, and that one with the reference.
func TestExtremes(t *testing.T) {
	m := extremeMatrices()
	header := [32]byte{9}
	plain := onMatrices(t, "portable", m)
	if got, want := plain.hash(header), compute.Sum(m, header); got != want {
		t.Fatalf("portable: got %x, the reference %x", got, want)
	}

	sets := extremeChains()
	want := make([][compute.Size]byte, len(sets))
	for i := range sets {
		want[i] = plain.fold(&sets[i])
	}
	forKernels(t, func(t *testing.T, kernel string) {
		if kernel == "portable" {
			t.Skip("it is what the others are compared with")
		}
		h := onMatrices(t, kernel, m)
		for i := range sets {
			if h.fold(&sets[i]) != want[i] {
				t.Errorf("chains %v differ from the portable kernel's", sets[i])
			}
		}
	})
}

// extremeChains begin with every pair of uniform matrices, after which random ones
// follow; and there are chains of nothing but extremes.
func extremeChains() (sets [3][4][32]uint8) {
	source := rand.New(rand.NewPCG(3, 4))
	for first := range sets {
		indices := &sets[first]
		for chain := range indices {
			for i := range indices[chain] {
				indices[chain][i] = uint8(source.IntN(compute.Count))
			}
			indices[chain][0], indices[chain][1] = uint8(first), uint8(chain%3)
		}
		for i := range indices[3] {
			indices[3][i] = uint8(source.IntN(32))
		}
	}
	return sets
}

// TestSelfTest has each kernel compute known answers, as New does before its first use.
func TestSelfTest(t *testing.T) {
	forKernels(t, func(t *testing.T, kernel string) { newBackend(t, kernel) })
}

// TestPeaks measures the limits that a kernel is held to: every one but the plainest
// has some.
func TestPeaks(t *testing.T) {
	forKernels(t, func(t *testing.T, kernel string) {
		peaks := Peaks(kernel)
		if (len(peaks) == 0) != (kernel == "portable") {
			t.Errorf("%d peaks", len(peaks))
		}
		for _, p := range peaks {
			start := time.Now()
			if made := p.Run(); made <= 0 {
				t.Errorf("%s made %v", p.Name, made)
			} else {
				t.Logf("%s %.1f G/s", p.Name, made/time.Since(start).Seconds()/1e9)
			}
		}
	})
	if peaks := Peaks("mmx"); peaks != nil {
		t.Errorf("an unknown kernel has %v", peaks)
	}
}

// TestRandomPairs compares hashes of random headers, each under a random seed of its
// own, with the portable kernel's; those of emulated kernels with AVX2's, which is several
// times as fast and was compared with the portable one. A failure prints its header and
// seed.
func TestRandomPairs(t *testing.T) {
	pairs := 4
	if computetest.Long() {
		pairs = 10_000
	}
	reference := "portable"
	for _, k := range Kernels() {
		if emulated && k.Name == "avx2" && k.Usable {
			reference = k.Name
		}
	}
	plain := newBackend(t, reference)
	var others []compute.Backend
	for _, k := range Kernels() {
		if k.Usable && k.Name != "portable" && k.Name != reference {
			others = append(others, newBackend(t, k.Name))
		}
	}
	if len(others) == 0 {
		t.Skip("there is only the portable kernel")
	}
	onCores(t, 0, int64(pairs), func(n int64) {
		var seed [32]byte
		header := make([][32]byte, 1)
		for i := range seed {
			seed[i], header[0][i] = byte(rand.Uint32()), byte(rand.Uint32())
		}
		comparePairs(t, seed, header, plain, others...)
		if (n+1)%1000 == 0 {
			t.Logf("%d pairs on %d kernels", n+1, len(others))
		}
	})
}

// onCores calls do with each number from from to before to, on all cores, until the test has failed.
func onCores(t *testing.T, from, to int64, do func(n int64)) {
	var next atomic.Int64
	next.Store(from)
	var group sync.WaitGroup
	for range pin.Cores() {
		group.Go(func() {
			for n := next.Add(1) - 1; n < to && !t.Failed(); n = next.Add(1) - 1 {
				do(n)
			}
		})
	}
	group.Wait()
}

// comparePairs compares the hashes of headers under a seed with the plain kernel's.
func comparePairs(t *testing.T, seed [32]byte, headers [][32]byte, plain compute.Backend, others ...compute.Backend) {
	hash := func(b compute.Backend) [][32]byte {
		results := make([][32]byte, len(headers))
		h, err := b.NewHasher(t.Context(), seed)
		if err == nil {
			err = errors.Join(h.Hash(t.Context(), results, headers), h.Close())
		}
		if err != nil {
			t.Error(err)
		}
		return results
	}
	want := hash(plain)
	for _, b := range others {
		for i, got := range hash(b) {
			if got != want[i] {
				t.Errorf("%s: header %x seed %x: got %x, %s has %x", b.Info().Kernel, headers[i], seed, got, plain.Info().Kernel, want[i])
			}
		}
	}
}

func BenchmarkHash(b *testing.B) {
	for _, k := range Kernels() {
		b.Run(k.Name, func(b *testing.B) {
			if !k.Usable {
				b.Skip(k.Reason)
			}
			h, err := newBackend(b, k.Name).NewHasher(b.Context(), [32]byte{})
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close()
			var results, headers [1][32]byte
			for b.Loop() {
				if err := h.Hash(b.Context(), results[:], headers[:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkExpansion(b *testing.B) {
	for _, k := range Kernels() {
		b.Run(k.Name, func(b *testing.B) {
			if !k.Usable {
				b.Skip(k.Reason)
			}
			backend := newBackend(b, k.Name)
			var seed [32]byte
			for b.Loop() {
				seed[0]++ // a seed that the cache has not kept
				h, err := backend.NewHasher(b.Context(), seed)
				if err != nil {
					b.Fatal(err)
				}
				h.Close()
			}
		})
	}
}

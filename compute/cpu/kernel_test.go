//go:build cgo

package cpu

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/bytom-solo/bytom-solo/compute"
)

// onMatrices returns a hasher of a kernel that works on Go's matrices.
func onMatrices(t *testing.T, kernel string, m *compute.Matrices) *hasher {
	t.Helper()
	h, err := newBackend(t, kernel).NewHasher(t.Context(), [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	own := *h.(*hasher)
	own.seed = unsafe.Pointer(m.Matrix(0))
	return &own
}

// TestExpansion compares all matrices of a seed with the reference's, which a
// hash does not: it reads about half of them.
func TestExpansion(t *testing.T) {
	seed := [32]byte{1, 2, 3}
	want := matricesBytes(unsafe.Pointer(compute.NewMatrices(seed).Matrix(0)))
	forKernels(t, func(t *testing.T, kernel string) {
		h, err := newBackend(t, kernel).NewHasher(t.Context(), seed)
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		got := matricesBytes(h.(*hasher).seed)
		if !bytes.Equal(got, want) {
			t.Fatalf("differs from the reference first at byte %d", firstDifference(got, want))
		}
	})
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

	// Every pair of uniform matrices begins a chain, random ones follow; and
	// then chains of nothing but extremes.
	source := rand.New(rand.NewPCG(3, 4))
	var sets [][4][32]uint8
	for first := range 3 {
		var indices [4][32]uint8
		for chain := range indices {
			for i := range indices[chain] {
				indices[chain][i] = uint8(source.IntN(compute.Count))
			}
			indices[chain][0], indices[chain][1] = uint8(first), uint8(chain%3)
		}
		for i := range indices[3] {
			indices[3][i] = uint8(source.IntN(32))
		}
		sets = append(sets, indices)
	}
	for _, indices := range sets {
		want := plain.fold(&indices)
		forKernels(t, func(t *testing.T, kernel string) {
			if kernel == "portable" {
				t.Skip("it is what the others are compared with")
			}
			if got := onMatrices(t, kernel, m).fold(&indices); got != want {
				t.Errorf("chains %v differ from the portable kernel's", indices)
			}
		})
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

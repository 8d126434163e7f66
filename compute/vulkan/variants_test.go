//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"crypto/sha3"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// fewSteps are enough for a product of each kind, the look-up and one of what it made.
// All 64 take lavapipe a second a hash, and are in TestConformance.
const fewSteps = 2

// TestVariants holds every number of rows and some tiles of both paths, in batches that
// do not come out even, against plain code: with random matrices, and with all the
// bytes that make the largest sums.
func TestVariants(t *testing.T) {
	d := testDevice(t)
	variants := []Variant{
		{Path: PathDot, Rows: 16, TileRows: 8, TileWords: 2, Pad: 1},
		{Path: PathDot, Rows: 128, TileRows: 16, TileWords: 2, Pad: 0},
		{Path: PathMul, Rows: 32, TileRows: 4, TileWords: 2, Pad: 1},
	}
	matrix := matrixCandidates(d, testPhysical(t, d))
	if computetest.Long() {
		variants = append(matrix, Variant{Path: PathDot, Rows: 256, TileRows: 16, TileWords: 2})
		if len(matrix) > 0 {
			all := matrix[0] // 256 rows in the few subgroups that lavapipe has
			all.Rows, all.TileRows, all.TileWords, all.Pad = 256, 4, 2, 0
			variants = append(variants, all)
		}
		for _, path := range []string{PathDot, PathMul} {
			for _, rows := range []int{16, 32, 64, 128, 256} {
				for _, tile := range [][2]int{{4, 1}, {8, 2}, {16, 4}} {
					variants = append(variants, Variant{Path: path, Rows: rows, TileRows: tile[0], TileWords: tile[1], Pad: rows / 32 % 2})
				}
			}
		}
	}
	if !computetest.Long() {
		// TestConformance has the first that fits; this is the last.
		for i := len(matrix) - 1; i >= 0; i-- {
			if fits(&testPhysical(t, d).offer, matrix[i]) == nil {
				variants = append(variants, matrix[i])
				break
			}
		}
	}
	kinds := matrixKinds()
	for _, v := range variants {
		t.Run(v.String(), func(t *testing.T) { testVariant(t, d, v, kinds) })
	}
}

func testPhysical(t *testing.T, d Device) *physical {
	t.Helper()
	h, err := theHost()
	if err != nil {
		t.Fatal(err)
	}
	return &h.physicals[d.Index]
}

// kind is a seed's matrices, with headers and what they come to after fewSteps.
type kind struct {
	name          byte // the first byte of the seed that stands for it
	matrices      *compute.Matrices
	headers, want [][32]byte
}

func matrixKinds() []kind {
	kinds := []kind{{name: 0, matrices: compute.NewMatrices([32]byte{})}}
	for _, fill := range []int8{-128, 127} {
		m := new(compute.Matrices)
		for n := range compute.Count {
			for i := range compute.Size {
				for j := range compute.Size {
					m.Matrix(n)[i][j] = fill
				}
			}
		}
		kinds = append(kinds, kind{name: byte(fill), matrices: m})
	}
	for i := range kinds {
		k := &kinds[i]
		for range 3 {
			var header [32]byte
			for i := range header {
				header[i] = byte(rand.Uint32())
			}
			k.headers = append(k.headers, header)
			k.want = append(k.want, fewStepsSum(k.matrices, header))
		}
	}
	return kinds
}

func testVariant(t *testing.T, d Device, v Variant, kinds []kind) {
	h := noHooks()
	h.steps = fewSteps
	h.expand = func(seed [32]byte) *compute.Matrices {
		i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == seed[0] })
		return kinds[i].matrices
	}
	b, err := openRegardless(testPhysical(t, d), d, v, h)
	if err != nil {
		if fits(&testPhysical(t, d).offer, v) != nil {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	defer b.Close()
	for _, k := range kinds {
		h, err := b.NewHasher(t.Context(), [32]byte{k.name})
		if err != nil {
			t.Fatal(err)
		}
		results := make([][32]byte, len(k.headers))
		if err := h.Hash(t.Context(), results, k.headers); err != nil {
			t.Fatal(err)
		}
		for i, header := range k.headers {
			if results[i] != k.want[i] {
				t.Errorf("matrices of kind %d, header %x, number %d: got %x, want %x", int8(k.name), header, i, results[i], k.want[i])
			}
		}
		h.Close()
	}
}

// openRegardless opens a variant that needs more shared memory than lavapipe says it has:
// it gives as much as a shader asks for. 256 rows take twice its limit.
func openRegardless(p *physical, d Device, v Variant, h hooks) (*backend, error) {
	enough := p.offer
	enough.shared_memory = max(enough.shared_memory, cUint(v.sharedBytes()))
	if p.offer.driver_id != lavapipe || fits(&enough, v) != nil || os.Getenv(ValidateVariable) == "1" {
		return openHooked(d, v, 2, Config{}, h)
	}
	b := &backend{about: d, physical: p, variant: v, batch: 2, hooks: h}
	var err error
	b.current, err = compiledEngine(p, v, nil, h)
	return b, err
}

// fewStepsSum is Tensority with few products a chain, written as docs/tensority.md has
// it and no better.
func fewStepsSum(m *compute.Matrices, header [32]byte) [32]byte {
	var ends [4][256][256]int8
	var running sync.WaitGroup
	for c, indices := range compute.Indices(header) {
		running.Go(func() {
			state := &ends[c]
			for i := range state {
				state[i][i] = 1
			}
			for step := range fewSteps {
				*state = product(state, m.Matrix(int(indices[step])))
			}
		})
	}
	running.Wait()
	var rows [256][64]uint32
	for i := range rows {
		for j := range 256 {
			sum := uint8(ends[0][i][j] + ends[1][i][j] + ends[2][i][j] + ends[3][i][j])
			rows[i][j%64] |= uint32(sum) << (8 * (j / 64))
		}
	}
	for k := 128; k > 0; k /= 2 {
		for j := range k {
			for w := range rows[j] {
				rows[j][w] = rows[j][w]*0x01000193 ^ rows[j+k][w]
			}
		}
	}
	var last []byte
	for _, word := range rows[0] {
		last = binary.LittleEndian.AppendUint32(last, word)
	}
	return sha3.Sum256(last)
}

func product(state *[256][256]int8, m *compute.Matrix) (next [256][256]int8) {
	for i := range state {
		for j := range m {
			var x int32
			for k, a := range state[i] {
				x += int32(a) * int32(m[j][k])
			}
			next[i][j] = int8(x&0xff + x>>8&0xff)
		}
	}
	return next
}

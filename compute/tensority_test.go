package compute

import (
	"math/rand/v2"
	"testing"
)

// TestChainIsThePlainProduct compares the reference's two rows in a word with the
// product as it is written down, on matrices of extremes and of random values.
func TestChainIsThePlainProduct(t *testing.T) {
	m := new(Matrices)
	source := rand.New(rand.NewPCG(1, 2))
	extremes := []int8{-128, -127, -1, 0, 1, 127}
	for n := range 4 {
		for i := range m.m[n] {
			for j := range m.m[n][i] {
				switch n {
				case 0, 1:
					m.m[n][i][j] = extremes[source.IntN(len(extremes))]
				case 2:
					m.m[n][i][j] = -127 // a first product of it is -128 everywhere
				default:
					m.m[n][i][j] = int8(source.Uint32())
				}
			}
		}
	}
	for _, indices := range [][]uint8{{}, {0}, {2, 1}, {2, 0, 3}, {3, 2, 1, 0, 3}} {
		got, err := chain(t.Context(), m, indices)
		if err != nil {
			t.Fatal(err)
		}
		if want := plainChain(m, indices); *got != want {
			t.Errorf("chain %v differs", indices)
		}
	}
}

func plainChain(m *Matrices, indices []uint8) Matrix {
	var state Matrix
	for i := range state {
		state[i][i] = 1
	}
	for _, n := range indices {
		state = plainProduct(&state, &m.m[n])
	}
	return state
}

//go:norace
func plainProduct(state, m *Matrix) (next Matrix) {
	for i := range next {
		for j := range next[i] {
			var x int32
			for k := range state[i] {
				x += int32(state[i][k]) * int32(m[j][k])
			}
			next[i][j] = int8((x & 0xff) + ((x >> 8) & 0xff))
		}
	}
	return next
}

func TestJoinRows(t *testing.T) {
	for lower := -128; lower < 128; lower++ {
		for upper := -128; upper < 128; upper++ {
			l, u := splitRows(joinRows(int8(lower), int8(upper)))
			if int(l) != lower || int(u) != upper {
				t.Fatalf("%d, %d came back as %d, %d", lower, upper, l, u)
			}
		}
	}
}

func BenchmarkNewMatrices(b *testing.B) {
	for b.Loop() {
		NewMatrices([32]byte{})
	}
}

func BenchmarkSum(b *testing.B) {
	m := NewMatrices([32]byte{})
	for b.Loop() {
		Sum(m, [32]byte{})
	}
}

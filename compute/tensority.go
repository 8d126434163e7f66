package compute

import (
	"context"
	"crypto/sha3"
	"encoding/binary"
)

// The shape of a hash, steps 4 to 9 of docs/tensority.md.
const (
	sliceCount = 4  // slices of the header, each of which drives a chain
	sliceSize  = 8  // bytes in a slice
	indexCount = 32 // matrix numbers drawn from a slice
	passes     = 2  // times that a chain goes through its matrix numbers

	foldedWords = Size / 4   // words of 32 bits in a row of the sum
	fnvPrime    = 0x01000193 // the multiplier of 32-bit FNV
)

// MultiplyAdds is the number of int8 multiplications in one hash that no look-up
// can replace: the first product of a chain is with the identity.
const MultiplyAdds = sliceCount * (passes*indexCount - 1) * Size * Size * Size

// Sum computes Tensority of a header hash: the definition that every Backend
// has to equal bit for bit. Header and result are in the byte order in which the
// chain prints them.
func Sum(m *Matrices, header [32]byte) [32]byte {
	result, _ := sum(context.Background(), m, header) // that context never ends
	return result
}

func sum(ctx context.Context, m *Matrices, header [32]byte) ([32]byte, error) {
	var total [Size][Size]uint8
	for _, indices := range Indices(header) {
		both := append(indices[:], indices[:]...)
		end, err := chain(ctx, m, both)
		if err != nil {
			return [32]byte{}, err
		}
		addTo(&total, end)
	}
	folded := foldRows(&total)
	return sha3.Sum256(folded[:]), nil
}

// Indices is step 4: the matrix numbers that each of the header's slices draws.
func Indices(header [32]byte) [sliceCount][indexCount]uint8 {
	var indices [sliceCount][indexCount]uint8
	for i := range indices {
		indices[i] = sha3.Sum256(header[i*sliceSize : (i+1)*sliceSize])
	}
	return indices
}

// chain is step 5: from the identity, state = fold(state · matrixᵀ) for every
// matrix number in turn.
//
// A row of the state depends on no other row, so the rows are taken through
// the whole chain two at a time, side by side in 64-bit words: a product of such
// a word and a matrix element is both rows' product, and a sum of 256 of them
// stays below 2^23 either way. That halves the multiplications and is exact.
func chain(ctx context.Context, m *Matrices, indices []uint8) (*Matrix, error) {
	end := new(Matrix)
	for i := 0; i < Size; i += 2 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var pair [Size]int64
		pair[i], pair[i+1] = joinRows(1, 0), joinRows(0, 1)
		for _, n := range indices {
			pair = mulFold(&pair, &m.m[n])
		}
		for j, p := range pair {
			lower, upper := splitRows(p)
			end[i][j], end[i+1][j] = int8(lower), int8(upper)
		}
	}
	return end, nil
}

// mulFold multiplies two rows of the state by a transposed matrix and folds the
// results. It touches nothing but its arguments, and is spared the race detector,
// with which a hash would take half a minute.
//
//go:norace
func mulFold(pair *[Size]int64, m *Matrix) [Size]int64 {
	var next [Size]int64
	// Four matrix rows at a time, for the sake of the processor's pipeline.
	for j := 0; j < Size; j += 4 {
		m0, m1, m2, m3 := &m[j], &m[j+1], &m[j+2], &m[j+3]
		var x0, x1, x2, x3 int64
		for k, p := range pair {
			x0 += p * int64(m0[k])
			x1 += p * int64(m1[k])
			x2 += p * int64(m2[k])
			x3 += p * int64(m3[k])
		}
		next[j], next[j+1], next[j+2], next[j+3] = foldPair(x0), foldPair(x1), foldPair(x2), foldPair(x3)
	}
	return next
}

func foldPair(x int64) int64 {
	lower, upper := splitRows(x)
	return joinRows(fold(lower), fold(upper))
}

// fold takes an integer to an int8: the sum of its two lowest bytes, truncated.
func fold(x int32) int8 { return int8(x&0xff + x>>8&0xff) }

// joinRows puts an element of two rows into one word; splitRows is its inverse,
// and holds as long as both values fit in 32 bits.
func joinRows(lower, upper int8) int64 { return int64(lower) + int64(upper)<<32 }

func splitRows(p int64) (lower, upper int32) {
	lower = int32(p)
	// A negative lower value has borrowed from the upper one.
	return lower, int32((p - int64(lower)) >> 32)
}

// addTo is the sum of step 6, mod 256, for one chain.
func addTo(total *[Size][Size]uint8, end *Matrix) {
	for i := range total {
		for j := range total[i] {
			total[i][j] += uint8(end[i][j])
		}
	}
}

// foldRows are steps 7 and 8: byte b of a row's word w is column w + 64·b; the
// rows are folded by FNV, the upper half onto the lower, until one is left.
func foldRows(total *[Size][Size]uint8) [Size]byte {
	var rows [Size][foldedWords]uint32
	for i, row := range total {
		for w := range rows[i] {
			rows[i][w] = uint32(row[w]) | uint32(row[w+64])<<8 |
				uint32(row[w+128])<<16 | uint32(row[w+192])<<24
		}
	}
	for half := Size / 2; half > 0; half /= 2 {
		for i := range half {
			for w := range rows[i] {
				rows[i][w] = rows[i][w]*fnvPrime ^ rows[i+half][w]
			}
		}
	}

	var folded [Size]byte
	for w, word := range rows[0] {
		binary.LittleEndian.PutUint32(folded[4*w:], word)
	}
	return folded
}

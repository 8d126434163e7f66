package compute

import (
	"crypto/sha3"
	"encoding/binary"
	"math/bits"
)

// The shape of a seed's expansion, steps 1 to 3 of docs/tensority.md.
const (
	// Size is the number of rows and of columns of every matrix.
	Size = 256
	// Count is the number of matrices of a seed.
	Count = 256

	extendedSize = 128  // bytes of the extended seed, the state of ROMix
	mixRounds    = 128  // ROMix rounds, each of which fills two matrices
	mixBlocks    = 1024 // N of ROMix: blocks that one round keeps
	mixWords     = 32   // words of 32 bits in a block (r = 1)
	salsaWords   = 16   // words of 32 bits in Salsa20's state
)

// Matrix is one of a seed's matrices, indexed by row, then column.
type Matrix [Size][Size]int8

// Matrices are the 256 matrices of a seed: 16 MiB that never change after
// NewMatrices has returned, so that any number of goroutines may read them.
type Matrices struct {
	m [Count]Matrix
}

// Matrix returns the n-th matrix, 0 ≤ n < Count. It must not be written to.
func (m *Matrices) Matrix(n int) *Matrix { return &m.m[n] }

// NewMatrices expands a seed, given in the byte order in which the chain prints
// it. The work is strictly serial and takes tens of milliseconds.
func NewMatrices(seed [32]byte) *Matrices {
	extended := ExtendSeed(seed)
	var state [mixWords]uint32
	for i := range state {
		state[i] = binary.LittleEndian.Uint32(extended[4*i:])
	}

	m := new(Matrices)
	var blocks [mixBlocks][mixWords]uint32
	for round := range mixRounds {
		roMix(&state, &blocks)
		fillMatrices(&m.m[2*round], &m.m[2*round+1], &blocks)
	}
	return m
}

// ExtendSeed is step 1: the seed followed by three SHA3-256 hashes, each of the
// 32 bytes before it.
func ExtendSeed(seed [32]byte) [extendedSize]byte {
	var extended [extendedSize]byte
	for i := 0; i < extendedSize; i += len(seed) {
		copy(extended[i:], seed[:])
		seed = sha3.Sum256(seed[:])
	}
	return extended
}

// roMix is step 2: one round of scrypt's ROMix with N = 1024 and r = 1. The
// round starts from state and leaves its end there; blocks receives the N
// blocks that it passed through in its first half.
func roMix(state *[mixWords]uint32, blocks *[mixBlocks][mixWords]uint32) {
	for i := range blocks {
		blocks[i] = *state
		blockMix(state)
	}
	for range blocks {
		// Integerify: the low bits of the second Salsa20 state's first word.
		pick := &blocks[state[salsaWords]%mixBlocks]
		for i := range state {
			state[i] ^= pick[i]
		}
		blockMix(state)
	}
}

// blockMix is scrypt's BlockMix for r = 1: either half of the block is added to
// the other half's result and mixed. With r = 1 the halves keep their places.
func blockMix(block *[mixWords]uint32) {
	first := (*[salsaWords]uint32)(block[:salsaWords])
	second := (*[salsaWords]uint32)(block[salsaWords:])
	salsaXOR(first, second)
	salsaXOR(second, first)
}

// salsaXOR replaces x by the Salsa20/8 core of x ^ y. Its arguments are parts of
// a local variable, so the race detector would find nothing, slowly.
//
//go:norace
func salsaXOR(x, y *[salsaWords]uint32) {
	for i := range x {
		x[i] ^= y[i]
	}
	before := *x
	for range 4 {
		// Down the columns, then along the rows, each line from its diagonal.
		x[0], x[4], x[8], x[12] = quarter(x[0], x[4], x[8], x[12])
		x[5], x[9], x[13], x[1] = quarter(x[5], x[9], x[13], x[1])
		x[10], x[14], x[2], x[6] = quarter(x[10], x[14], x[2], x[6])
		x[15], x[3], x[7], x[11] = quarter(x[15], x[3], x[7], x[11])

		x[0], x[1], x[2], x[3] = quarter(x[0], x[1], x[2], x[3])
		x[5], x[6], x[7], x[4] = quarter(x[5], x[6], x[7], x[4])
		x[10], x[11], x[8], x[9] = quarter(x[10], x[11], x[8], x[9])
		x[15], x[12], x[13], x[14] = quarter(x[15], x[12], x[13], x[14])
	}
	for i := range x {
		x[i] += before[i]
	}
}

// quarter is Salsa20's quarter-round of a line whose diagonal word is a.
func quarter(a, b, c, d uint32) (uint32, uint32, uint32, uint32) {
	b ^= bits.RotateLeft32(a+d, 7)
	c ^= bits.RotateLeft32(b+a, 9)
	d ^= bits.RotateLeft32(c+b, 13)
	a ^= bits.RotateLeft32(d+c, 18)
	return a, b, c, d
}

// fillMatrices is step 3: a round's even blocks, one after the other, are the
// first matrix, its odd blocks the second. A block is 128 bytes, half a row.
func fillMatrices(even, odd *Matrix, blocks *[mixBlocks][mixWords]uint32) {
	for i := range blocks {
		m := even
		if i%2 == 1 {
			m = odd
		}
		half := m[i/4][(i/2%2)*4*mixWords:]
		for w, word := range blocks[i] {
			half[4*w] = int8(word)
			half[4*w+1] = int8(word >> 8)
			half[4*w+2] = int8(word >> 16)
			half[4*w+3] = int8(word >> 24)
		}
	}
}

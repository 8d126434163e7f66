// Package shaders holds Tensority's compute shaders: their sources, and the SPIR-V that
// make shaders builds of them.
package shaders

import _ "embed"

// The chains of products, by each way to multiply, and the end of the hash.
var (
	//go:embed chains_dot.spv
	ChainsDot []byte
	//go:embed chains_mul.spv
	ChainsMul []byte
	//go:embed chains_matrix.spv
	ChainsMatrix []byte
	//go:embed finish.spv
	Finish []byte
)

// Headers computes header hashes, and the numbers of matrices that the chains draw from
// them.
//
//go:embed headers.spv
var Headers []byte

// What the chains are held to: the same multiplications on registers alone.
var (
	//go:embed peak_dot.spv
	PeakDot []byte
	//go:embed peak_mul.spv
	PeakMul []byte
	//go:embed peak_matrix.spv
	PeakMatrix []byte
)

// All are the SPIR-V of what is timed to choose a variant.
func All() [][]byte { return [][]byte{ChainsDot, ChainsMul, ChainsMatrix, Finish} }

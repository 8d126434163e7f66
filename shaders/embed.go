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

// All are the shaders' SPIR-V.
func All() [][]byte { return [][]byte{ChainsDot, ChainsMul, ChainsMatrix, Finish} }

//go:build cgo && tensority_emulated

package cpu

// emulated reports whether the kernels that this machine lacks are emulated.
const emulated = true

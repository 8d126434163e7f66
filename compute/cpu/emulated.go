//go:build cgo && tensority_emulated

package cpu

// In a test build with this tag the kernels for newer instruction sets are compiled
// with C in the place of their intrinsics, and run on any amd64 machine. They are the
// same files; see tensority_emulated.h.

/*
#cgo CFLAGS: -DTENSORITY_EMULATED -Wno-psabi
*/
import "C"

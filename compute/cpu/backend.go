//go:build cgo

package cpu

/*
#cgo CFLAGS: -std=gnu11 -Wall -Wextra
#include "tensority_impl.h"
*/
import "C"

import (
	"context"
	"crypto/sha3"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/bytom-solo/bytom-solo/compute"
)

var errNoMemory = errors.New("cpu: no memory")

// Kernels lists the kernels from the plainest to the fastest.
func Kernels() []Kernel {
	kernels := make([]Kernel, len(kernelNames))
	for i, name := range kernelNames {
		verdict := C.tensority_support(C.enum_tensority_isa(i))
		kernels[i] = Kernel{
			Name:     name,
			Compiled: verdict != C.TENSORITY_NOT_COMPILED,
			Usable:   verdict == C.TENSORITY_USABLE,
			Reason:   reason(name, verdict),
		}
	}
	return kernels
}

func reason(name string, verdict C.enum_tensority_verdict) string {
	switch verdict {
	case C.TENSORITY_USABLE:
		return ""
	case C.TENSORITY_NOT_COMPILED:
		return fmt.Sprintf("%s is not an instruction set of %s", name, runtime.GOARCH)
	case C.TENSORITY_OS_LACKS:
		return fmt.Sprintf("the operating system does not save the registers of %s", name)
	default:
		return fmt.Sprintf("the processor does not have %s", name)
	}
}

// backend implements compute.Backend.
type backend struct {
	isa     C.enum_tensority_isa
	threads int
	seeds   *compute.SeedCache[unsafe.Pointer] // of C's memory
}

// New returns a backend on this machine's cores. It returns ErrNoCgo, or an
// error that says which name of a kernel is unknown, or why it cannot run here.
// Its Hashers take a header at a time, each on the core of whoever calls, and may
// run on any number of threads; a context that ends is noticed between hashes. A
// compute.Verifier can spread a hash of theirs over cores.
func New(config Config) (compute.Backend, error) {
	isa, err := choose(config.Kernel)
	if err != nil {
		return nil, err
	}
	b := &backend{isa: isa, threads: config.Threads}
	if b.threads <= 0 {
		b.threads = compute.UsableCores()
	}
	b.seeds = compute.NewSeedCache(compute.SeedsKept, b.expand, b.free)
	return b, nil
}

// choose finds the kernel to run: the one named, or the best that is allowed.
func choose(name string) (C.enum_tensority_isa, error) {
	if name == "" {
		most, err := kernelCap()
		return C.tensority_choose(C.enum_tensority_isa(most)), err
	}
	n, err := kernelNumber(name, "the kernel's name")
	if err != nil {
		return 0, err
	}
	if k := Kernels()[n]; !k.Usable {
		return 0, fmt.Errorf("cpu: kernel %s cannot run here: %s", name, k.Reason)
	}
	return C.enum_tensority_isa(n), nil
}

func (b *backend) expand(seed [32]byte) (unsafe.Pointer, error) {
	extended := compute.ExtendSeed(seed)
	m := C.tensority_seed_new(b.isa, (*C.uint8_t)(&extended[0]))
	if m == nil {
		return nil, errNoMemory
	}
	return unsafe.Pointer(m), nil
}

func (b *backend) free(seed unsafe.Pointer) { C.tensority_seed_free((*C.tensority_matrix)(seed)) }

func (b *backend) Info() compute.Info {
	return compute.Info{Name: "cpu", Kernel: kernelNames[b.isa], Workers: b.threads}
}

func (b *backend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	m, release, err := b.seeds.Acquire(ctx, seed)
	if err != nil {
		return nil, err
	}
	scratch := C.tensority_scratch_new(b.isa)
	if scratch == nil {
		release()
		return nil, errNoMemory
	}
	return &hasher{isa: b.isa, seed: m, release: release, scratch: scratch}, nil
}

func (b *backend) Close() error {
	b.seeds.Close()
	return nil
}

// hasher implements compute.Hasher.
type hasher struct {
	isa     C.enum_tensority_isa
	seed    unsafe.Pointer // its matrices: shared, read only
	release func()         // gives the seed back
	scratch unsafe.Pointer // nil after Close
}

// Batch implements compute.Hasher. A hash takes tens of milliseconds, which the
// call into C is nothing against.
func (*hasher) Batch() int { return 1 }

func (h *hasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	if h.scratch == nil {
		return compute.ErrClosed
	}
	if err := compute.CheckBatch(results, headers); err != nil {
		return err
	}
	for i, header := range headers {
		if err := ctx.Err(); err != nil {
			return err
		}
		results[i] = h.hash(header)
	}
	return ctx.Err()
}

func (h *hasher) hash(header [32]byte) [32]byte {
	indices := compute.Indices(header)
	folded := h.fold(&indices)
	return sha3.Sum256(folded[:])
}

// fold goes from the matrix numbers to what the last SHA3-256 is taken of.
func (h *hasher) fold(indices *[4][32]uint8) [compute.Size]byte {
	var folded [compute.Size]byte
	C.tensority_hash(h.isa, (*C.tensority_matrix)(h.seed), h.scratch,
		(*C.uint8_t)(&indices[0][0]), (*C.uint8_t)(&folded[0]))
	return folded
}

func (h *hasher) Close() error {
	if h.scratch != nil {
		C.tensority_scratch_free(h.isa, h.scratch)
		h.scratch = nil
		h.release()
	}
	return nil
}

// Peak runs the instructions of a kernel's inner loop on registers alone and
// returns how many multiply-adds that made, for a comparison with what the whole
// kernel reaches. It takes some tenths of a second. It returns 0 if no such
// limit is known of the kernel, or if it cannot run here.
func Peak(kernel string) float64 {
	isa, err := choose(kernel)
	if err != nil {
		return 0
	}
	return float64(C.tensority_peak(isa, 150_000_000))
}

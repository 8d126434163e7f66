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
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
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
			Compiled: verdict != C.TENSORITY_OTHER_ARCHITECTURE && verdict != C.TENSORITY_COMPILER_LACKS,
			Usable:   verdict == C.TENSORITY_USABLE,
			Reason:   reason(name, verdict),
		}
		if failed := proofs[i].failed.Load(); failed != nil {
			kernels[i].Usable = false
			kernels[i].Reason = (*failed).Error()
		}
	}
	return kernels
}

func reason(name string, verdict C.enum_tensority_verdict) string {
	switch verdict {
	case C.TENSORITY_USABLE:
		return ""
	case C.TENSORITY_OTHER_ARCHITECTURE:
		return fmt.Sprintf("%s is not an instruction set of %s", name, runtime.GOARCH)
	case C.TENSORITY_COMPILER_LACKS:
		if name == "amx" && runtime.GOOS != "linux" {
			return "amx is in builds for Linux alone, which gives its registers to programs that ask"
		}
		return fmt.Sprintf("the C compiler that built this was too old for %s", name)
	case C.TENSORITY_OS_LACKS:
		return fmt.Sprintf("the operating system does not give programs the registers of %s", name)
	default:
		return fmt.Sprintf("the processor does not have %s", name)
	}
}

// backend implements compute.Backend.
type backend struct {
	isa       C.enum_tensority_isa
	expansion int
	threads   int
	seeds     *compute.SeedCache[unsafe.Pointer] // of C's memory
}

// New returns a backend on this machine's cores. It returns ErrNoCgo, or an
// error that says which name of a kernel is unknown, or why it cannot run here.
// Its Hashers take a header at a time, each on the core of whoever calls, and may
// run on any number of threads; a context that ends is noticed between hashes. A
// compute.Verifier can spread a hash of theirs over cores.
//
// A kernel has to pass compute.SelfTest once in a process, which takes about as
// long as two seeds and five hashes; New does without one that fails. Before, all ways to
// expand a seed are tried and timed, once in a process, for some hundredths of a second.
func New(config Config) (compute.Backend, error) {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	expansion, err := chooseExpansion(config, trials())
	if err != nil {
		return nil, err
	}
	isa, err := choose(config, func(isa int) error { return prove(isa, expansion) })
	if err != nil {
		return nil, err
	}
	return open(isa, expansion, config.threads()), nil
}

func open(isa, expansion, threads int) *backend {
	b := &backend{isa: C.enum_tensority_isa(isa), expansion: expansion, threads: threads}
	b.seeds = compute.NewSeedCache(compute.SeedsKept, b.expand, b.free)
	return b
}

// choose finds the kernel to run: the one named, or the best that is allowed.
func choose(config Config, prove func(isa int) error) (int, error) {
	if config.Kernel == "" {
		most, err := kernelCap()
		if err != nil {
			return 0, err
		}
		return climbDown(most, config.Log, prove)
	}
	isa, err := kernelNumber(config.Kernel, "the kernel's name")
	if err != nil {
		return 0, err
	}
	if k := Kernels()[isa]; !k.Usable {
		return 0, fmt.Errorf("cpu: kernel %s cannot run here: %s", k.Name, k.Reason)
	}
	return isa, prove(isa)
}

// climbDown finds the fastest kernel, of those up to most, that runs here and
// computes right hashes.
func climbDown(most int, log *slog.Logger, prove func(isa int) error) (int, error) {
	var failed error
	for isa := most; isa >= 0; isa-- {
		if C.tensority_support(C.enum_tensority_isa(isa)) != C.TENSORITY_USABLE {
			continue
		}
		err := prove(isa)
		if err == nil {
			return isa, nil
		}
		log.Error("kernel is not used", "kernel", kernelNames[isa], "error", err)
		failed = errors.Join(failed, err)
	}
	return 0, failed
}

// proofs are the self-tests of this process: one a kernel, when it is first wanted.
var proofs [len(kernelNames)]struct {
	once   sync.Once
	failed atomic.Pointer[error]
}

// prove returns why a kernel must not be used, nil if it may.
func prove(isa, expansion int) error {
	p := &proofs[isa]
	p.once.Do(func() {
		b := open(isa, expansion, 1)
		defer b.Close()
		if err := compute.SelfTest(context.Background(), b); err != nil {
			err = fmt.Errorf("cpu: kernel %s failed its self-test: %w", kernelNames[isa], err)
			p.failed.Store(&err)
		}
	})
	if failed := p.failed.Load(); failed != nil {
		return *failed
	}
	return nil
}

func (b *backend) expand(seed [32]byte) (unsafe.Pointer, error) {
	m := C.tensority_seed_allocate(b.isa)
	if m == nil {
		return nil, errNoMemory
	}
	b.fill(m, seed)
	return m, nil
}

// parts are where the parts of an expansion end, in rounds. The last is short: while one is
// expanded, the one before it is packed, and nothing is expanded while the last one is.
var parts = [...]int{40, 72, 96, 112, 122, C.TENSORITY_ROUNDS}

// fill expands a seed, a chain that no second core can help with. What is not the chain, a
// tenth of the time, is left to whichever core is idle: to have the system find clean pages
// ahead of it, and to pack what it has done with.
func (b *backend) fill(m unsafe.Pointer, seed [32]byte) {
	state, done := beginning(seed), make(chan int, len(parts))
	var packing sync.WaitGroup
	packing.Go(func() {
		C.tensority_seed_touch(b.isa, m)
		first := 0
		for end := range done {
			b.pack(m, first, end)
			first = end
		}
	})
	first := 0
	for i, end := range parts {
		if i < len(parts)-1 && C.tensority_packs(b.isa) == 0 {
			continue // a call into C less
		}
		expand(b.expansion, m, &state, first, end)
		done <- end
		first = end
	}
	close(done)
	packing.Wait()
}

// pack brings the matrices of the rounds from first to before end into the kernel's order.
func (b *backend) pack(m unsafe.Pointer, first, end int) {
	C.tensority_seed_pack(b.isa, m, C.int(2*first), C.int(2*end))
}

func (b *backend) free(seed unsafe.Pointer) { C.tensority_seed_free(b.isa, seed) }

func (b *backend) Info() compute.Info {
	return compute.Info{
		Name: "cpu", Kernel: kernelNames[b.isa], Expansion: expansionNames[b.expansion], Workers: b.threads,
	}
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
	return &hasher{isa: b.isa, cores: b.threads, seed: m, release: release, scratch: scratch}, nil
}

func (b *backend) Close() error {
	b.seeds.Close()
	return nil
}

// hasher implements compute.Hasher.
type hasher struct {
	isa     C.enum_tensority_isa
	cores   int            // that the backend has Hashers for
	seed    unsafe.Pointer // its matrices: shared, read only
	release func()         // releases the seed
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
	C.tensority_hash(h.isa, h.seed, h.scratch,
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

// Peaks are the limits of a kernel, its own inner loop's first: none if nothing is
// known, or if it cannot run here.
func Peaks(kernel string) []compute.Peak {
	isa, err := kernelNumber(kernel, "the kernel's name")
	if err != nil || !Kernels()[isa].Usable {
		return nil
	}
	var all []compute.Peak
	for n := 0; ; n++ {
		name := C.tensority_peak_name(C.enum_tensority_isa(isa), C.int(n))
		if name == nil {
			return all
		}
		all = append(all, compute.Peak{Name: C.GoString(name), Run: func() float64 { return runPeak(isa, n) }})
	}
}

// peakTime is how long a peak is measured: long enough for the clock to rise.
const peakTime = 200 * time.Millisecond

func runPeak(isa, n int) (made float64) {
	// A call is some milliseconds: during shorter ones Go's scheduler keeps looking for a
	// thread to take its place, at the expense of a tenth of a core and more.
	const call = 5 * time.Millisecond
	count := C.uint32_t(1000)
	for start := time.Now(); time.Since(start) < peakTime; {
		began := time.Now()
		made += float64(C.tensority_peak(C.enum_tensority_isa(isa), C.int(n), count))
		if time.Since(began) < call {
			count *= 2
		}
	}
	return made
}

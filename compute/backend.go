package compute

import (
	"context"
	"errors"
)

// ErrUnusable is of a device that is not worth another try.
var ErrUnusable = errors.New("the device cannot be used")

// Info says what a Backend is. All of it but Kernel is constant over the Backend's life.
type Info struct {
	// Name identifies the backend to the operator: "cpu", "vulkan:0",
	// "reference". It is what --mining.devices takes.
	Name string
	// Kernel is the code path chosen for this machine: "avx2", "portable", "go". It may give
	// way to a faster one.
	Kernel string
	// Expansion is how a CPU expands a seed: "scalar", "avx512"; empty where there is no
	// choice.
	Expansion string
	// Workers is how many Hashers the device can keep busy at the same time:
	// the number of usable cores for a CPU, 2 for a GPU, which works on one's batch
	// while the other's is prepared. At least 1.
	Workers int
	// Accelerator means that it is another device than the CPU, with a memory of its own: it
	// mines, and does not verify.
	Accelerator bool
}

// Backend computes Tensority on one device. All methods are safe for
// concurrent use.
type Backend interface {
	// Info describes the backend.
	Info() Info
	// NewHasher prepares a Hasher for a seed. The seed's matrices are expanded
	// on the first call (tens of milliseconds on a CPU) and shared by every
	// later Hasher of that seed while they stay in the backend's cache. It
	// returns ctx's error if ctx ends before the Hasher is ready, and one that wraps
	// ErrUnusable if it never will be.
	NewHasher(ctx context.Context, seed [32]byte) (Hasher, error)
	// Close frees the device. Hashers must be closed before.
	Close() error
}

// Hasher computes Tensority for one seed. It belongs to one goroutine at a time.
type Hasher interface {
	// Batch is the preferred number of headers per call of Hash, at least 1. Calls of Hash may
	// change it.
	Batch() int
	// Hash computes results[i] = Tensority(headers[i], seed). Both slices must
	// have the same length, which may be any number including 0; otherwise it
	// returns an error. Header hashes and results are in the byte order that the
	// chain prints them in. On error the results are undefined.
	Hash(ctx context.Context, results, headers [][32]byte) error
	// Close frees what the Hasher holds. The Hasher must not be used after.
	Close() error
}

// spreader is what a Hasher may be besides, if its device has several cores: one
// that shares the work of a single hash with others, for whoever waits for just
// one. It has to be asked for, because a miner keeps every core busy with a hash
// of its own and would gain nothing.
type spreader interface {
	// Spread computes Tensority(header, seed) on first, whose Hasher this one is, and on
	// as many others as more has: of the same backend and seed. It asks more from several
	// goroutines at the beginning and again as long as there is work for another.
	//
	// It returns when the hash is known or ctx ends, which may be while a core that was
	// taken from it has not come back yet: a Worker is at work until its Idle is called,
	// whatever Spread returns. On error the result is undefined.
	Spread(ctx context.Context, header [32]byte, first Worker, more func() (Worker, bool)) ([32]byte, error)
}

// Worker is a Hasher that is lent for one hash.
type Worker struct {
	Hasher
	// Number is that of the Worker among the backend's Info.Workers, from 0 on: no other one
	// that is at work has it.
	Number int
	// Idle returns the Hasher. It is called once, on any goroutine, with an error if
	// the Hasher should be closed.
	Idle func(error)
}

// Package cpu computes Tensority on the processor, with a kernel in C for each
// instruction set that pays. Built without cgo it has no kernel, and New says so.
package cpu

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/pin"
)

// CapVariable is the environment variable that caps the kernels that New
// chooses from: the name of the fastest one allowed.
const CapVariable = "TENSORITY_ISA"

// ExpansionVariable is the environment variable that names the expansion that New uses,
// whichever is the fastest.
const ExpansionVariable = "TENSORITY_EXPANSION"

// ErrNoCgo is returned by New in a binary that was built without cgo.
var ErrNoCgo = errors.New("cpu: this binary was built without cgo and has no CPU kernels; use the reference backend, or build with CGO_ENABLED=1 and a C compiler")

// Config is New's. The zero value is a good choice.
type Config struct {
	// Threads is the number of Hashers to keep busy; 0 stands for one a core, and
	// -n for one a core but n, at least one in all.
	Threads int
	// Kernel is the name of the kernel to use. Empty means the fastest usable
	// one that CapVariable allows.
	Kernel string
	// Expansion is the name of the way to expand a seed. Empty means what ExpansionVariable
	// says, or else the one that was the fastest in this process.
	Expansion string
	// Log takes a line for each kernel and each expansion that has failed its self-test;
	// nil discards it.
	Log *slog.Logger
}

func (c Config) threads() int {
	if c.Threads > 0 {
		return c.Threads
	}
	return max(1, pin.Cores()+c.Threads)
}

// Kernel is one of the code paths of this package, for an instruction set.
type Kernel struct {
	// Name is what Config.Kernel and CapVariable take.
	Name string
	// Compiled reports whether the kernel is in this binary.
	Compiled bool
	// Usable reports whether it can run on this machine, and has not failed its
	// self-test in this process.
	Usable bool
	// Reason says why it is not usable, and is empty if it is.
	Reason string
}

// Expansion is one of the ways of this package to expand a seed. Which one is used has
// nothing to do with the kernel.
type Expansion struct {
	// Name is what Config.Expansion and ExpansionVariable take.
	Name string
	// Usable reports whether it can run on this machine, and has expanded the beginning of
	// a known seed rightly.
	Usable bool
	// Reason says why it is not usable, and is empty if it is.
	Reason string
	// Round is the shortest time that one of a seed's 128 rounds took when it was tried;
	// 0 if it was not.
	Round time.Duration
}

// Seed is how long a whole seed takes at that pace.
func (e Expansion) Seed() time.Duration { return 128 * e.Round }

// expansionNames are the expansions in the order of enum tensority_expansion.
var expansionNames = [...]string{"portable", "scalar", "avx2", "avx512"}

// kernelNames are the kernels from the plainest to the fastest of amd64 and of
// arm64, in the order of enum tensority_isa.
var kernelNames = [...]string{"portable", "avx2", "avxvnni", "avx512vnni", "amx", "dotprod", "i8mm"}

// kernelNumber finds a kernel by its name. source says where the name is from.
func kernelNumber(name, source string) (int, error) { return number(kernelNames[:], name, source) }

func number(names []string, name, source string) (int, error) {
	if i := slices.Index(names, name); i >= 0 {
		return i, nil
	}
	return 0, fmt.Errorf("cpu: %s is %q: expected one of %s", source, name, strings.Join(names, ", "))
}

// namedExpansion is the number of the expansion that the caller or the environment names,
// -1 if neither does.
func namedExpansion(config Config) (int, error) {
	if config.Expansion != "" {
		return number(expansionNames[:], config.Expansion, "the expansion's name")
	}
	if name := os.Getenv(ExpansionVariable); name != "" {
		return number(expansionNames[:], name, "environment variable "+ExpansionVariable)
	}
	return -1, nil
}

// kernelCap is the fastest kernel that the environment allows.
func kernelCap() (int, error) {
	name, set := os.LookupEnv(CapVariable)
	if !set || name == "" {
		return len(kernelNames) - 1, nil
	}
	return kernelNumber(name, "environment variable "+CapVariable)
}

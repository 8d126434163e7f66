// Package cpu computes Tensority on the processor, with a kernel in C for each
// instruction set that pays. Built without cgo it has no kernel, and New says so.
package cpu

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/bytom-solo/bytom-solo/compute"
)

// CapVariable is the environment variable that caps the kernels that New
// chooses from: the name of the fastest one allowed.
const CapVariable = "TENSORITY_ISA"

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
	// Log takes a line for each kernel that has failed its self-test; nil discards it.
	Log *slog.Logger
}

func (c Config) threads() int {
	if c.Threads > 0 {
		return c.Threads
	}
	return max(1, compute.UsableCores()+c.Threads)
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

// kernelNames are the kernels from the plainest to the fastest of amd64 and of
// arm64, in the order of enum tensority_isa.
var kernelNames = [...]string{"portable", "avx2", "avxvnni", "avx512vnni", "amx", "dotprod", "i8mm"}

// kernelNumber finds a kernel by its name. source says where the name is from.
func kernelNumber(name, source string) (int, error) {
	for i, known := range kernelNames {
		if name == known {
			return i, nil
		}
	}
	return 0, fmt.Errorf("cpu: %s is %q: expected one of %s", source, name, strings.Join(kernelNames[:], ", "))
}

// kernelCap is the fastest kernel that the environment allows.
func kernelCap() (int, error) {
	name, set := os.LookupEnv(CapVariable)
	if !set || name == "" {
		return len(kernelNames) - 1, nil
	}
	return kernelNumber(name, "environment variable "+CapVariable)
}

//go:build !cgo

package cpu

import "github.com/bytom-solo/bytom-solo/compute"

// Kernels lists the kernels that a build with cgo has.
func Kernels() []Kernel {
	kernels := make([]Kernel, len(kernelNames))
	for i, name := range kernelNames {
		kernels[i] = Kernel{Name: name, Reason: "this binary was built without cgo"}
	}
	return kernels
}

// Expansions lists the expansions that a build with cgo has.
func Expansions() []Expansion {
	all := make([]Expansion, len(expansionNames))
	for i, name := range expansionNames {
		all[i] = Expansion{Name: name, Reason: "this binary was built without cgo"}
	}
	return all
}

// BenchExpansions has nothing to measure: the reference has one way alone.
func BenchExpansions() ([]compute.BenchExpansion, error) { return nil, nil }

// New returns ErrNoCgo, or an error about a name that no build knows.
func New(config Config) (compute.Backend, error) {
	if config.Kernel != "" {
		if _, err := kernelNumber(config.Kernel, "the kernel's name"); err != nil {
			return nil, err
		}
	} else if _, err := kernelCap(); err != nil {
		return nil, err
	}
	if _, err := namedExpansion(config); err != nil {
		return nil, err
	}
	return nil, ErrNoCgo
}

// Peaks returns none: there are no kernels.
func Peaks(string) []compute.Peak { return nil }

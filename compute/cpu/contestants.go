package cpu

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bytom-solo/bytom-solo/compute"
)

// Contestants are the kernels of these names for compute.Bench, the fastest first, each
// with its peaks. "all" is each that runs here, and "reference" compute's own, which also
// stands for all of a build without cgo. The caller closes their backends, those that come
// with an error too.
func Contestants(names []string) (all []compute.Contestant, err error) {
	asked := func(name string) bool { return slices.Contains(names, name) }
	for _, k := range slices.Backward(Kernels()) {
		if !asked(k.Name) && (!asked("all") || !k.Usable) {
			continue
		}
		b, err := New(Config{Kernel: k.Name})
		if err != nil {
			return all, err
		}
		all = append(all, compute.Contestant{Name: k.Name, Backend: b, Peaks: Peaks(k.Name)})
	}
	if asked("reference") || asked("all") && len(all) == 0 {
		all = append(all, compute.Contestant{Name: "reference", Backend: compute.NewReference()})
	}
	return all, nil
}

// CheckContestants refuses names that Contestants does not know.
func CheckContestants(names []string) error {
	known := []string{"all", "reference"}
	for _, k := range slices.Backward(Kernels()) {
		known = append(known, k.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("value %q: expected some of %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

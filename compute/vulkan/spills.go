//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"errors"
	"fmt"
	"strings"
)

// mostSpills is how many registers of an invocation may be kept in memory. Where it is
// hundreds, a trial of the variant is wasted.
const mostSpills = 64

// errSpills is of a variant that is too large for the device's registers.
var errSpills = errors.New("it spills registers")

// checkSpills has the driver compile a variant's chains, if it tells what becomes of them,
// and returns an error that wraps errSpills if they need too many registers.
func checkSpills(p *physical, v Variant) error {
	all, err := statistics(p, v)
	if err != nil || all == nil {
		return err
	}
	if n := spilled(all); n > mostSpills {
		return fmt.Errorf("vulkan: variant %s: %w, %d of them", v, errSpills, n)
	}
	return nil
}

// spilled is how many registers of an invocation the driver says that it keeps in memory:
// "Spilled VGPRs" with Mesa on AMD, beside those that a whole subgroup shares ("SGPRs"), and
// "Spill Count" on Intel.
func spilled(all map[string]uint64) (n uint64) {
	for name, value := range all {
		if name = strings.ToLower(name); strings.Contains(name, "spill") && !strings.Contains(name, "sgpr") {
			n += value
		}
	}
	return n
}

// statistics is what the driver says of a variant's chains when it has compiled them; nil if
// it tells nothing.
func statistics(p *physical, v Variant) (map[string]uint64, error) {
	if p.offer.statistics == 0 {
		return nil, nil
	}
	w := needsOf(p, v)
	w.statistics = 1
	e, err := openEngineFor(p, w, v, nil, noHooks())
	if err != nil {
		return nil, err
	}
	defer e.retire()
	if e.chains, err = e.compileChains(); err != nil {
		return nil, err
	}
	all, result := statisticsOf(e.device, e.chains.pipeline)
	return all, failure("vkGetPipelineExecutableStatisticsKHR", result)
}

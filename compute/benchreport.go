package compute

import "slices"

// leastExpansion is what is believed to be the expansion of a seed, in milliseconds.
// Bytom's own code has none to show: it expands it with every hash.
const leastExpansion = 1

func benchReport(config BenchConfig, runs []benchRun) BenchReport {
	report := BenchReport{Clock: benchClockName, Rounds: config.Rounds, Baseline: config.Baseline}
	var base benchRun // of nothing, without a baseline
	for i, c := range config.Contestants {
		if c.Name == config.Baseline {
			base = runs[i]
		}
	}
	for i, c := range config.Contestants {
		report.Results = append(report.Results, runs[i].result(c, config, base))
	}
	return report
}

// result sums up a contestant's turns.
func (r *benchRun) result(c Contestant, config BenchConfig, base benchRun) BenchResult {
	result := BenchResult{
		Name:               c.Name,
		Kernel:             c.Backend.Info().Kernel,
		HashesPerSecond:    median(r.rates),
		Ratio:              medianRatio(r.rates, base.rates),
		MultiplyAdds:       median(r.rates) * MultiplyAdds,
		VerifyMilliseconds: median(r.verifies),
		VerifyRatio:        medianRatio(base.verifies, r.verifies),
		Accelerator:        c.Backend.Info().Accelerator,
		Hashes:             r.hashes,
		Verified:           true, // or Bench would have ended
	}
	if benchClockName == "cpu" {
		result.HostMicroseconds = median(r.hosts)
	}
	if ms := median(r.seeds); ms >= leastExpansion {
		result.SeedMilliseconds = ms
		if median(base.seeds) >= leastExpansion {
			result.SeedRatio = medianRatio(base.seeds, r.seeds)
		}
	}
	for i, p := range c.Peaks {
		part := MultiplyAdds * medianRatio(r.rates, r.peaks[i])
		result.Peaks = append(result.Peaks, BenchPeak{p.Name, median(r.peaks[i]), part})
	}
	threads := benchThreads(c, config)
	single := slices.Index(threads, 1)
	for i, n := range threads {
		t := BenchThread{Threads: n, HashesPerSecond: median(r.wall[i].rates), Cores: median(r.wall[i].cores)}
		if len(r.wall[i].others) > 0 {
			others := median(r.wall[i].others)
			t.Others = &others
		}
		if single >= 0 {
			t.Scaling = medianRatio(r.wall[i].rates, r.wall[single].rates) / float64(n)
			t.CoreScaling = medianRatio(r.wall[i].coreRates, r.wall[single].coreRates)
			if len(r.scaled) > 0 {
				t.PeakScaling = medianRatio(r.scaled[i].rates, r.scaled[single].rates) / float64(n)
				t.PeakCoreScaling = medianRatio(r.scaled[i].coreRates, r.scaled[single].coreRates)
			}
		}
		result.Threads = append(result.Threads, t)
	}
	return result
}

// benchExpansions are the medians of what the rounds have measured.
func benchExpansions(rounds [][]BenchExpansion) (all []BenchExpansion) {
	if len(rounds) == 0 {
		return nil
	}
	for i, e := range rounds[0] {
		var milliseconds, cycles []float64
		for _, round := range rounds {
			milliseconds, cycles = append(milliseconds, round[i].Milliseconds), append(cycles, round[i].Cycles)
		}
		e.Milliseconds, e.Cycles = median(milliseconds), median(cycles)
		if e.Cycles > 0 {
			e.Part = SalsaFloor / e.Cycles
		}
		all = append(all, e)
	}
	return all
}

// medianRatio returns the median of the rounds' ratios, 0 if one side has none or is
// too small for the clock.
func medianRatio(over, under []float64) float64 {
	if len(over) != len(under) || median(under) == 0 {
		return 0
	}
	ratios := make([]float64, 0, len(over))
	for i := range over {
		if under[i] > 0 {
			ratios = append(ratios, over[i]/under[i])
		}
	}
	return median(ratios)
}

// median returns the middle value, or 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

package compute

import "fmt"

// BenchChange is what became of a figure from one build to another.
type BenchChange struct {
	// Name is the contestant's, and Figure says what was measured, with its unit.
	Name   string  `json:"name"`
	Figure string  `json:"figure"`
	Old    float64 `json:"old"`
	New    float64 `json:"new"`
	// Ratio is New as a part of Old, by rounds.
	Ratio float64 `json:"ratio"`
	// Limit says what New is held to, and OfLimit is what it reaches of that, 1 being all;
	// empty and 0 where nothing is known.
	Limit   string  `json:"limit,omitempty"`
	OfLimit float64 `json:"of_limit,omitempty"`
}

// benchFigure is one of a BenchResult's.
type benchFigure struct {
	text         string
	of           func(BenchReport, BenchResult) float64
	limit        string
	ofLimit      func(BenchReport, BenchResult) float64
	severalCores bool
}

var benchFigures = []benchFigure{
	{text: "hashes a second, a core", of: func(_ BenchReport, r BenchResult) float64 { return r.HashesPerSecond },
		limit: "its instruction's peak", ofLimit: func(_ BenchReport, r BenchResult) float64 {
			if len(r.Peaks) == 0 {
				return 0
			}
			return r.Peaks[0].Part
		}},
	{text: "a new seed, ms", of: func(_ BenchReport, r BenchResult) float64 { return r.SeedMilliseconds },
		limit: "the chain's floor by latency", ofLimit: func(report BenchReport, r BenchResult) float64 {
			if floor := seedFloor(report); r.SeedMilliseconds > 0 {
				return floor / r.SeedMilliseconds
			}
			return 0
		}},
	{text: "verify under a new seed, ms", of: func(_ BenchReport, r BenchResult) float64 { return r.VerifyMilliseconds },
		limit: "the chain's floor, and a hash on all cores", ofLimit: func(report BenchReport, r BenchResult) float64 {
			floor, last := seedFloor(report), len(r.Threads)-1
			if floor == 0 || last < 0 || r.HashesPerSecond == 0 || r.VerifyMilliseconds == 0 {
				return 0
			}
			return (floor + 1000/r.HashesPerSecond/float64(r.Threads[last].Threads)) / r.VerifyMilliseconds
		}},
	{text: "verify, × the baseline's", of: func(_ BenchReport, r BenchResult) float64 { return r.VerifyRatio }},
	{text: "threads, × one", severalCores: true, of: func(_ BenchReport, r BenchResult) float64 {
		t := r.Threads[len(r.Threads)-1]
		return t.Scaling * float64(t.Threads)
	}, limit: "the registers' in the same run", ofLimit: func(_ BenchReport, r BenchResult) float64 {
		if t := r.Threads[len(r.Threads)-1]; t.PeakScaling > 0 {
			return t.Scaling / t.PeakScaling
		}
		return 0
	}},
}

// seedFloor is what a seed's chain takes at the least, in milliseconds, at the clock at
// which the expansion in use was measured; 0 if that is not known.
func seedFloor(report BenchReport) float64 {
	for _, e := range report.Expansions {
		if e.Used {
			return e.Part * e.Milliseconds
		}
	}
	return 0
}

// CompareBenches holds the rounds of one build against those of another, which have been
// measured in turns: for each contestant of both, each figure that both know.
func CompareBenches(old, now []BenchReport) (changes []BenchChange) {
	if len(old) == 0 || len(old) != len(now) {
		return nil
	}
	for _, r := range now[0].Results {
		for _, f := range benchFigures {
			if f.severalCores && len(r.Threads) < 2 {
				continue
			}
			before, after, ofLimit := f.rounds(old, r.Name), f.rounds(now, r.Name), []float64(nil)
			if len(before) != len(after) || median(before) == 0 || median(after) == 0 {
				continue
			}
			c := BenchChange{Name: r.Name, Figure: f.text, Old: median(before), New: median(after), Ratio: medianRatio(after, before)}
			if f.severalCores {
				c.Figure = fmt.Sprintf("%d %s", r.Threads[len(r.Threads)-1].Threads, f.text)
			}
			if f.ofLimit != nil {
				ofLimit = benchFigure{of: f.ofLimit}.rounds(now, r.Name)
			}
			if c.OfLimit = median(ofLimit); c.OfLimit > 0 {
				c.Limit = f.limit
			}
			changes = append(changes, c)
		}
	}
	return changes
}

// rounds are a contestant's values of the figure.
func (f benchFigure) rounds(reports []BenchReport, name string) (values []float64) {
	for _, report := range reports {
		for _, r := range report.Results {
			if r.Name == name && (!f.severalCores || len(r.Threads) > 1) {
				values = append(values, f.of(report, r))
			}
		}
	}
	return values
}

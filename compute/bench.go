package compute

import (
	"context"
	"crypto/sha3"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Contestant is one of the backends that Bench compares.
type Contestant struct {
	// Name is what the report calls it; backends may share one Info().Name.
	Name    string
	Backend Backend
	// Peak, if not nil, makes as many multiply-adds as it can on one core for a
	// while and returns their number: the limit that the backend is held to. It
	// may return 0 for "not known".
	Peak func() float64
}

// BenchConfig says what Bench is to measure.
type BenchConfig struct {
	Contestants []Contestant
	// Baseline is the Name of the contestant that ratios are taken to; empty
	// means no ratios.
	Baseline string
	// Rounds is how often every contestant has its turn; 0 stands for 5.
	Rounds int
	// Turn is how long a turn takes at least; 0 stands for one second. A turn is
	// at least one batch.
	Turn time.Duration
}

// BenchReport is the outcome of Bench. All figures are medians over the rounds.
type BenchReport struct {
	// Clock is "cpu" if times are processor time of the whole process, and
	// "wall" on systems where that is not to be had.
	Clock    string        `json:"clock"`
	Rounds   int           `json:"rounds"`
	Baseline string        `json:"baseline,omitempty"`
	Results  []BenchResult `json:"results"`
}

// BenchResult is what Bench found out about one contestant.
type BenchResult struct {
	Name   string `json:"name"`
	Kernel string `json:"kernel"`
	// HashesPerSecond is for one core: hashes per second of processor time.
	HashesPerSecond float64 `json:"hashes_per_second"`
	// WallHashesPerSecond is what one Hasher made by the clock on the wall: the
	// figure that counts for a device that is not the processor.
	WallHashesPerSecond float64 `json:"wall_hashes_per_second"`
	// Ratio is to the baseline's HashesPerSecond; 0 without a baseline.
	Ratio float64 `json:"ratio,omitempty"`
	// SeedMilliseconds is the time to prepare a Hasher for a new seed.
	SeedMilliseconds float64 `json:"seed_milliseconds"`
	// MultiplyAdds are those per second that the hashes were made of, and Peak is
	// the limit per second that Contestant.Peak found, 0 if none is known.
	MultiplyAdds float64 `json:"multiply_adds_per_second"`
	Peak         float64 `json:"peak_multiply_adds_per_second,omitempty"`
	// Hashes is how many were computed, and Verified that each of them was
	// compared with its known answer.
	Hashes   int  `json:"hashes"`
	Verified bool `json:"verified"`
}

// Bench compares backends on one core each. Machines are noisy, so the
// contestants take turns, round after round, and what counts is their ratio
// within one run. Nothing else should be busy in the process meanwhile. Every
// hash is compared with an answer that others have published; a wrong one ends
// Bench with a WrongHashError, whose Backend tells whose it was.
func Bench(ctx context.Context, config BenchConfig) (BenchReport, error) {
	if config.Rounds <= 0 {
		config.Rounds = 5
	}
	if config.Turn <= 0 {
		config.Turn = time.Second
	}
	if err := checkBaseline(config); err != nil {
		return BenchReport{}, err
	}

	runs := make([]benchRun, len(config.Contestants))
	for round := range config.Rounds {
		for i, c := range config.Contestants {
			if err := runs[i].turn(ctx, c, round, config.Turn); err != nil {
				return BenchReport{}, fmt.Errorf("benchmark of %s: %w", c.Name, err)
			}
		}
	}
	return benchReport(config, runs), nil
}

func checkBaseline(config BenchConfig) error {
	if len(config.Contestants) == 0 {
		return errors.New("compute: nothing to benchmark")
	}
	if config.Baseline == "" {
		return nil
	}
	for _, c := range config.Contestants {
		if c.Name == config.Baseline {
			return nil
		}
	}
	return fmt.Errorf("compute: baseline %q is not among the contestants", config.Baseline)
}

// benchRun gathers a contestant's turns.
type benchRun struct {
	// One of each a round: hashes/s by either clock, ms, multiply-adds/s.
	rates, wallRates, seeds, peaks []float64
	hashes                         int
}

// turn is one contestant's share of a round.
func (r *benchRun) turn(ctx context.Context, c Contestant, round int, least time.Duration) error {
	if err := r.timeSeed(ctx, c.Backend, round); err != nil {
		return err
	}
	h, err := c.Backend.NewHasher(ctx, hash32(knownSeed))
	if err != nil {
		return err
	}
	defer h.Close()

	wallStart, start, before := time.Now(), benchClock(), r.hashes
	for time.Since(wallStart) < least || r.hashes == before {
		if err := r.batch(ctx, c.Backend.Info(), h); err != nil {
			return err
		}
	}
	made := float64(r.hashes - before)
	r.rates = append(r.rates, made/(benchClock()-start).Seconds())
	r.wallRates = append(r.wallRates, made/time.Since(wallStart).Seconds())

	if c.Peak != nil {
		start := benchClock()
		if made := c.Peak(); made > 0 {
			r.peaks = append(r.peaks, made/(benchClock()-start).Seconds())
		}
	}
	return nil
}

// timeSeed times a Hasher for a seed that no cache can know.
func (r *benchRun) timeSeed(ctx context.Context, b Backend, round int) error {
	seed := sha3.Sum256(binary.LittleEndian.AppendUint64([]byte("bench seed "), uint64(round)))
	start := benchClock()
	h, err := b.NewHasher(ctx, seed)
	if err != nil {
		return err
	}
	r.seeds = append(r.seeds, float64(benchClock()-start)/float64(time.Millisecond))
	return h.Close()
}

// batch computes and checks one batch, going on in the list of known answers.
func (r *benchRun) batch(ctx context.Context, info Info, h Hasher) error {
	first := r.hashes % len(knownAnswers)
	answers := append(slices.Clone(knownAnswers[first:]), knownAnswers[:first]...)
	headers, results := make([][32]byte, h.Batch()), make([][32]byte, h.Batch())
	for i := range headers {
		headers[i] = hash32(answers[i%len(answers)].header)
	}
	if err := h.Hash(ctx, results, headers); err != nil {
		return err
	}
	r.hashes += len(headers)
	return checkAnswers(info, results, answers)
}

func benchReport(config BenchConfig, runs []benchRun) BenchReport {
	report := BenchReport{Clock: benchClockName, Rounds: config.Rounds, Baseline: config.Baseline}
	var base float64
	for i, c := range config.Contestants {
		rate := median(runs[i].rates)
		if c.Name == config.Baseline {
			base = rate
		}
		report.Results = append(report.Results, BenchResult{
			Name:                c.Name,
			Kernel:              c.Backend.Info().Kernel,
			HashesPerSecond:     rate,
			WallHashesPerSecond: median(runs[i].wallRates),
			SeedMilliseconds:    median(runs[i].seeds),
			MultiplyAdds:        rate * MultiplyAdds,
			Peak:                median(runs[i].peaks),
			Hashes:              runs[i].hashes,
			Verified:            true, // or Bench would have ended
		})
	}
	if base > 0 {
		for i := range report.Results {
			report.Results[i].Ratio = report.Results[i].HashesPerSecond / base
		}
	}
	return report
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

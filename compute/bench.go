package compute

import (
	"context"
	"crypto/sha3"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Contestant is one of the backends that Bench compares.
type Contestant struct {
	// Name is what the report calls it; backends may share one Info().Name.
	Name    string
	Backend Backend
	// Peaks are the limits that the backend is held to.
	Peaks []Peak
}

// Peak is a limit that a backend is held to: how fast an instruction multiplies.
type Peak struct {
	// Name is the instruction's.
	Name string
	// Run executes it on one core, on registers alone, for some tenths of a second
	// and returns how many multiply-adds that made. An accelerator's returns how many a
	// second, 0 if it cannot.
	Run func() float64
}

// BenchConfig says what Bench is to measure.
type BenchConfig struct {
	Contestants []Contestant
	// Baseline is the Name of the contestant that ratios are taken to; empty
	// means no ratios.
	Baseline string
	// Threads are the numbers of Hashers to run at a time; none stands for 1. A
	// backend that can keep only one busy runs no more than that.
	Threads []int
	// Rounds is how often every contestant has its turn; 0 stands for 5.
	Rounds int
	// Turn is how long a turn takes at least with each number of Hashers; 0 stands
	// for one second. A turn is at least one batch a Hasher.
	Turn time.Duration
}

// BenchReport is the outcome of Bench. All figures are medians over the rounds, and
// ratios are medians of the rounds' ratios.
type BenchReport struct {
	// Clock is "cpu" if times of one core are processor time of the whole process,
	// and "wall" on systems where that is not to be had.
	Clock    string        `json:"clock"`
	Rounds   int           `json:"rounds"`
	Baseline string        `json:"baseline,omitempty"`
	Results  []BenchResult `json:"results"`
}

// BenchResult is what Bench found out about one contestant. Ratios are to the
// baseline, above 1 if the contestant is better, and 0 without one.
type BenchResult struct {
	Name   string `json:"name"`
	Kernel string `json:"kernel"`
	// HashesPerSecond is for one core: hashes per second of processor time. Accelerators
	// have no cores: theirs, and their peaks, are of the whole device, by the clock on the
	// wall.
	HashesPerSecond float64 `json:"hashes_per_second"`
	Ratio           float64 `json:"ratio,omitempty"`
	// MultiplyAdds are those per second that the hashes of one core are made of.
	MultiplyAdds float64       `json:"multiply_adds_per_second"`
	Peaks        []BenchPeak   `json:"peaks,omitempty"`
	Threads      []BenchThread `json:"threads"`
	// SeedMilliseconds is the processor time that expanding a new seed takes.
	SeedMilliseconds float64 `json:"seed_milliseconds,omitempty"`
	SeedRatio        float64 `json:"seed_ratio,omitempty"`
	// VerifyMilliseconds is the time until one hash under a new seed is verified on
	// all cores, by the clock on the wall.
	VerifyMilliseconds float64 `json:"verify_milliseconds"`
	VerifyRatio        float64 `json:"verify_ratio,omitempty"`
	// Accelerator tells that it is no kernel of the CPU, and HostMicroseconds how much
	// processor time a hash takes all the same, header hash and nonce included; 0 where
	// that is not known.
	Accelerator      bool    `json:"accelerator,omitempty"`
	HostMicroseconds float64 `json:"host_microseconds,omitempty"`
	// Hashes is how many were computed, and Verified that each of them was compared with
	// its known answer. In an accelerator's large batches that is so for some; the others
	// are of nonces that no other hash has, as when it mines.
	Hashes   int  `json:"hashes"`
	Verified bool `json:"verified"`
}

// BenchPeak is how a contestant does against a Peak of the same run.
type BenchPeak struct {
	Name         string  `json:"name"`
	MultiplyAdds float64 `json:"multiply_adds_per_second"`
	// Part is what part of it the hashes of one core make up.
	Part float64 `json:"part"`
}

// BenchThread is what a number of Hashers made at a time.
type BenchThread struct {
	Threads int `json:"threads"`
	// HashesPerSecond is all Hashers' together, by the clock on the wall.
	HashesPerSecond float64 `json:"hashes_per_second"`
	// Scaling is how much a Hasher makes of what a single one does; 0 if no single
	// one was measured.
	Scaling float64 `json:"scaling,omitempty"`
}

// seedExpander is what a Backend may be besides whose Hashers expand the seed with
// every hash, so that Bench can tell what part of it that is.
type seedExpander interface {
	ExpandSeed(seed [32]byte)
}

// Bench compares backends. Machines are noisy, so the contestants take turns, round
// after round, and what counts is their ratio within one run. Nothing else should be
// busy in the process meanwhile. Every hash is compared with an answer that others
// have published, or, under a new seed, with the first contestant's; a wrong one ends
// Bench with an error, a WrongHashError in the first case.
func Bench(ctx context.Context, config BenchConfig) (BenchReport, error) {
	if config.Rounds <= 0 {
		config.Rounds = 5
	}
	if config.Turn <= 0 {
		config.Turn = time.Second
	}
	if len(config.Threads) == 0 {
		config.Threads = []int{1}
	}
	if err := checkBaseline(config); err != nil {
		return BenchReport{}, err
	}

	runs := make([]benchRun, len(config.Contestants))
	for round := range config.Rounds {
		fresh := newFreshHash(round)
		for i, c := range config.Contestants {
			if err := runs[i].turn(ctx, c, config, fresh); err != nil {
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

// freshHash is a hash under a seed that no cache can know, and another such seed for
// the expansion alone.
type freshHash struct {
	expansion, seed, header [32]byte
	want                    *[32]byte // nil before the first contestant's turn
}

func newFreshHash(round int) *freshHash {
	text := func(what string) [32]byte { return sha3.Sum256(fmt.Appendf(nil, "bench %s %d", what, round)) }
	return &freshHash{expansion: text("expansion"), seed: text("seed"), header: text("header")}
}

// benchRun gathers a contestant's turns: one value a round in each slice.
type benchRun struct {
	rates    []float64   // hashes per second of one core
	hosts    []float64   // microseconds of processor time a hash
	wall     [][]float64 // hashes per second of each number of Hashers
	peaks    [][]float64 // multiply-adds per second of each Peak
	seeds    []float64   // milliseconds
	verifies []float64   // milliseconds
	hashes   int
}

// turn is one contestant's share of a round.
func (r *benchRun) turn(ctx context.Context, c Contestant, config BenchConfig, fresh *freshHash) error {
	if err := r.timeSeed(ctx, c.Backend, fresh); err != nil {
		return err
	}
	for i, n := range benchThreads(c, config) {
		if err := r.timeHashes(ctx, c.Backend, i, n, config.Turn); err != nil {
			return err
		}
	}
	for i, p := range c.Peaks {
		start := benchClock()
		made := p.Run()
		if !c.Backend.Info().Accelerator {
			made /= (benchClock() - start).Seconds()
		}
		appendTo(&r.peaks, i, made)
	}
	return r.timeVerify(ctx, c.Backend, fresh)
}

// benchThreads are the numbers of Hashers that a contestant can run.
func benchThreads(c Contestant, config BenchConfig) []int {
	if info := c.Backend.Info(); info.Workers == 1 || info.Accelerator {
		return []int{info.Workers}
	}
	return config.Threads
}

// appendTo appends to the i-th of a list of lists, which may have to be begun.
func appendTo(lists *[][]float64, i int, value float64) {
	if i == len(*lists) {
		*lists = append(*lists, nil)
	}
	(*lists)[i] = append((*lists)[i], value)
}

// timeSeed times the expansion of a seed.
func (r *benchRun) timeSeed(ctx context.Context, b Backend, fresh *freshHash) error {
	start := benchClock()
	if e, ok := b.(seedExpander); ok {
		e.ExpandSeed(fresh.expansion)
	} else {
		h, err := b.NewHasher(ctx, fresh.expansion)
		if err != nil {
			return err
		}
		defer h.Close()
	}
	r.seeds = append(r.seeds, (benchClock()-start).Seconds()*1000)
	return nil
}

// timeVerify times the verification of a hash under a new seed. The first contestant
// has to come to the same result by the way that miners go.
func (r *benchRun) timeVerify(ctx context.Context, b Backend, fresh *freshHash) error {
	v := NewVerifier(b)
	defer v.Close()
	start := time.Now()
	result, err := v.Hash(ctx, fresh.header, fresh.seed)
	if err != nil {
		return err
	}
	r.verifies = append(r.verifies, time.Since(start).Seconds()*1000)
	if fresh.want == nil {
		h, err := b.NewHasher(ctx, fresh.seed)
		if err != nil {
			return err
		}
		defer h.Close()
		results, headers := make([][32]byte, 1), [][32]byte{fresh.header}
		if err := h.Hash(ctx, results, headers); err != nil {
			return err
		}
		fresh.want = &results[0]
	}
	if result != *fresh.want {
		return fmt.Errorf("header %x, seed %x: got %x, want %x", fresh.header, fresh.seed, result, *fresh.want)
	}
	return nil
}

// timeHashes runs n Hashers at a time, the i-th of the numbers to try.
func (r *benchRun) timeHashes(ctx context.Context, b Backend, i, n int, least time.Duration) error {
	hashers, seed, run := make([]Hasher, n), knownSeed, hashKnown
	if b.Info().Accelerator {
		seed, run = chainSeed, hashNonces
	}
	for k := range hashers {
		h, err := b.NewHasher(ctx, hash32(seed))
		if err != nil {
			return err
		}
		defer h.Close()
		hashers[k] = h
	}
	start, startWall := benchClock(), time.Now()
	var running sync.WaitGroup
	made, failed := make([]int, n), make([]error, n)
	for k, h := range hashers {
		running.Go(func() { made[k], failed[k] = run(ctx, b.Info(), h, least) })
	}
	running.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	var sum int
	for _, m := range made {
		sum += m
	}
	r.hashes += sum
	if i == 0 {
		used := benchClock() - start
		if b.Info().Accelerator {
			r.hosts = append(r.hosts, used.Seconds()*1e6/float64(sum))
			used = time.Since(startWall)
		}
		r.rates = append(r.rates, float64(sum)/used.Seconds())
	}
	appendTo(&r.wall, i, float64(sum)/time.Since(startWall).Seconds())
	return nil
}

// hashKnown computes hashes with known answers for a while, checks them, and returns how
// many there were.
func hashKnown(ctx context.Context, info Info, h Hasher, least time.Duration) (made int, err error) {
	headers, results := make([][32]byte, h.Batch()), make([][32]byte, h.Batch())
	for start := time.Now(); time.Since(start) < least || made == 0; {
		first := made % len(knownAnswers)
		answers := append(slices.Clone(knownAnswers[first:]), knownAnswers[:first]...)
		for i := range headers {
			headers[i] = hash32(answers[i%len(answers)].header)
		}
		if err := h.Hash(ctx, results, headers); err != nil {
			return made, err
		}
		if err := checkAnswers(info, results, answers); err != nil {
			return made, err
		}
		made += len(headers)
	}
	return made, nil
}

// hashNonces computes hashes of one header for a while, as a miner does: in each batch one
// of every nonce with a known answer, at places of no order among others that are random.
func hashNonces(ctx context.Context, info Info, h Hasher, least time.Duration) (made int, err error) {
	n, header := Nonces(h), knownHeader()
	nonces, results := make([]uint64, h.Batch()), make([][32]byte, h.Batch())
	for start := time.Now(); time.Since(start) < least || made == 0; {
		for i := range nonces {
			nonces[i] = rand.Uint64()
		}
		first := made % len(nonceAnswers)
		answers := append(slices.Clone(nonceAnswers[first:]), nonceAnswers[:first]...)
		places := make([]int, 0, len(answers))
		for len(places) < min(len(answers), len(nonces)) {
			if place := rand.IntN(len(nonces)); !slices.Contains(places, place) {
				nonces[place] = answers[len(places)].nonce
				places = append(places, place)
			}
		}
		if err := n.HashNonces(ctx, results, &header, nonces); err != nil {
			return made, err
		}
		for i, place := range places {
			if got, want := results[place], hash32(answers[i].hash); got != want {
				name := fmt.Sprintf("nonce %#x", answers[i].nonce)
				return made, &WrongHashError{Backend: info, Vector: name, Position: place, Got: got, Want: want}
			}
		}
		made += len(nonces)
	}
	return made, nil
}

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
		t := BenchThread{Threads: n, HashesPerSecond: median(r.wall[i])}
		if single >= 0 {
			t.Scaling = medianRatio(r.wall[i], r.wall[single]) / float64(n)
		}
		result.Threads = append(result.Threads, t)
	}
	return result
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

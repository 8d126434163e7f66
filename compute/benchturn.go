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

// seedExpander is what a Backend may be besides whose Hashers expand the seed with
// every hash, so that Bench can measure what part of it that is.
type seedExpander interface {
	ExpandSeed(seed [32]byte)
}

// freshHash is a hash under a seed that no cache can know, and another such seed from
// which those for the expansion alone are derived.
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
	wall     []together  // hashes of each number of Hashers
	peaks    [][]float64 // multiply-adds per second of each Peak
	scaled   []together  // of the first Peak, on as many cores as there are Hashers
	seeds    []float64   // milliseconds
	verifies []float64   // milliseconds
	hashes   int
}

// together is what a number of threads made at a time: one value a round in each slice.
type together struct {
	rates     []float64 // a second, by the clock on the wall
	coreRates []float64 // a second of processor time
	cores     []float64 // how many processors they had
	others    []float64 // how many others had; none where that is not known
}

// span is a stretch of time and what processors did in it.
type span struct {
	start    time.Time
	own, all time.Duration // of processor time, all's where it is known
	known    bool
}

func beginSpan() span {
	all, known := processorsBusy()
	return span{time.Now(), benchClock(), all, known}
}

// end says what was made since the beginning.
func (s span) end(to *together, made float64) {
	now := beginSpan()
	wall, own := now.start.Sub(s.start).Seconds(), (now.own - s.own).Seconds()
	to.rates = append(to.rates, made/wall)
	if own > 0 {
		to.coreRates = append(to.coreRates, made/own)
	} else { // too short for the clock
		to.coreRates = append(to.coreRates, 0)
	}
	to.cores = append(to.cores, own/wall)
	if s.known && now.known {
		to.others = append(to.others, max(0, (now.all-s.all).Seconds()-own)/wall)
	}
}

// at is the i-th of a list, which may have to be begun.
func at(list *[]together, i int) *together {
	if i == len(*list) {
		*list = append(*list, together{})
	}
	return &(*list)[i]
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
	r.timePeaks(c, config)
	return r.timeVerify(ctx, c.Backend, fresh)
}

// timePeaks measures what the contestant is held to.
func (r *benchRun) timePeaks(c Contestant, config BenchConfig) {
	for i, p := range c.Peaks {
		start := benchClock()
		made := p.Run()
		if !c.Backend.Info().Accelerator {
			made /= (benchClock() - start).Seconds()
		}
		appendTo(&r.peaks, i, made)
	}
	if len(c.Peaks) == 0 || c.Backend.Info().Accelerator {
		return
	}
	for i, n := range benchThreads(c, config) {
		var running sync.WaitGroup
		made := make([]float64, n)
		start := beginSpan()
		for k := range made {
			running.Go(func() { made[k] = c.Peaks[0].Run() })
		}
		running.Wait()
		var sum float64
		for _, m := range made {
			sum += m
		}
		start.end(at(&r.scaled, i), sum)
	}
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

// seedsATurn is how many expansions a turn has, of which the median counts: one takes
// some hundredths of a second, in which a noisy machine may do anything.
const seedsATurn = 5

// timeSeed times the expansion of seeds.
func (r *benchRun) timeSeed(ctx context.Context, b Backend, fresh *freshHash) error {
	times := make([]float64, seedsATurn)
	for i := range times {
		seed := fresh.expansion
		seed[0] ^= byte(i)
		start := benchClock()
		if e, ok := b.(seedExpander); ok {
			e.ExpandSeed(seed)
		} else {
			h, err := b.NewHasher(ctx, seed)
			if err != nil {
				return err
			}
			if err := h.Close(); err != nil {
				return err
			}
		}
		times[i] = (benchClock() - start).Seconds() * 1000
	}
	r.seeds = append(r.seeds, median(times))
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
	start := beginSpan()
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
		used := benchClock() - start.own
		if b.Info().Accelerator {
			r.hosts = append(r.hosts, used.Seconds()*1e6/float64(sum))
			used = time.Since(start.start)
		}
		r.rates = append(r.rates, float64(sum)/used.Seconds())
	}
	start.end(at(&r.wall, i), float64(sum))
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

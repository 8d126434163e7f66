package rig

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// benchmarkJob is a job that a pool handed out in May 2018. Every hash of it is a
// share.
const benchmarkJob = `{"version":"0100000000000000","height":"8c44000000000000",` +
	`"previous_block_hash":"8f11dad3d32550bfb5a6bf9f7a344c8a436be37897887e3c74d1b380abd3587d",` +
	`"timestamp":"4c3afa5a00000000",` +
	`"transactions_merkle_root":"2c0abd8189aba80a8940c3bb4263c9560a97e81d89aa1389ff47e754add4ce98",` +
	`"transaction_status_hash":"c9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc",` +
	`"nonce":"0000000037780000","bits":"1d7a04000000001d","job_id":"171567",` +
	`"seed":"6aa116ef17d69e398ba388e8f0e1805f6f98afb9dfb8fb87679ad5d3c099099d","target":"ffffffff"}`

// benchmarkResults are the first eight bytes of the results of its first 64 nonces. A
// rig of that time found the one at 0x39.
var benchmarkResults = [64]uint64{
	0xf1d1b4e4c6ef41c0, 0x7e49a7f49f9cf67b, 0x0f546d9b1113984e, 0x92ba6fb36c4208a6,
	0x42e6e0293236d941, 0x4107de45de527917, 0x336abc35059d1d45, 0xf8f205262a6812e6,
	0xf2c73c8a97ce890f, 0x8a45205ae211f9bb, 0xbf96669216004c06, 0xa2b70384cd463095,
	0xe0900caffacb2a7d, 0x96d64c27de7a8789, 0x5c3182786eb7844c, 0x0849507e38609771,
	0xfaa4909f32996baf, 0xd4ba949bf76720e6, 0x6135a3288a5e33bc, 0x91daadfc0508bdab,
	0x0437f08cc921695f, 0xca7341b010f5832d, 0xa05d44091770ab9f, 0x0b8b2f957b6af74a,
	0xb36c09fc011647a5, 0xa88e1818b6cd3e56, 0x50e5b9f51afe59fb, 0x5cd09e7ff129afd5,
	0x3075f8c2f27849c0, 0xcfbf0b39eaf661c4, 0xec84dbb67bf368fe, 0x6cf557adea751c50,
	0x3de6bd9203a17899, 0xc10ba6e50ac27545, 0xeff82db044dd9a95, 0x150eaf392041911a,
	0x188f3020bd4fac56, 0x0ccea7b07691afb7, 0xa0ec9ff203cb6848, 0x9c0e9888a6c90ded,
	0x63b56576643fc3e2, 0xc68dbf5198c7882b, 0xb74e399658c47be1, 0xf92f3b8cbdb60215,
	0x9e3c1da42e5d9fca, 0xc5a6fb7ca86b3855, 0xf5304d6336430d8c, 0xa52a169b8e9ff9da,
	0x5efab62f466e31a4, 0xf1998a6c981f5135, 0x4212b20866c770f7, 0xb499c5bc0909bac9,
	0xa7a6e7c8c2a87817, 0x6c24c49f13e968f6, 0xb23d38b349d7c9cb, 0x6c4671774f0b96b5,
	0xff79e78b283f6179, 0xd7a473107caec394, 0xf3311129581f0e32, 0xc4315038447f4104,
	0x6e6971f79c03dc36, 0x34a2290497669d7c, 0x6cd475bc67732d7a, 0x287b931e703669a9,
}

// BenchmarkResult is what a device did in a Benchmark.
type BenchmarkResult struct {
	DeviceStatus
	// HashesPerSecond is by the clock on the wall, without the preparation of the seed.
	HashesPerSecond float64
}

// Benchmark runs a rig on a job whose results are known, without a network: all that a
// rig does but for speaking to its server. Every hash is compared; the error is
// ErrWrongHashes where one was wrong.
func Benchmark(ctx context.Context, devices []compute.Backend, threads int, length time.Duration, log *slog.Logger) ([]BenchmarkResult, error) {
	b := &benchmark{length: length}
	r := New(Config{Source: b, Devices: devices, Threads: threads, Log: log, Every: 24 * time.Hour, Shares: slog.LevelDebug - 1})
	r.maxInFlight = math.MaxInt64
	err := r.Run(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errBenchmarkDone):
		err = nil
	}
	var results []BenchmarkResult
	for _, d := range r.Status().Devices {
		results = append(results, BenchmarkResult{d, float64(d.Hashes) / b.took.Seconds()})
		if d.Failed != "" {
			err = errors.Join(err, fmt.Errorf("%w: %s", ErrWrongHashes, d.Failed))
		} else if d.Hashes == 0 {
			err = errors.Join(err, fmt.Errorf("%s has not finished a hash", d.Name))
		}
	}
	return results, err
}

// benchmark is a source with the one job.
type benchmark struct{ length, took time.Duration }

var errBenchmarkDone = errors.New("the benchmark is done")

func (b *benchmark) status() SourceStatus { return SourceStatus{Kind: kindBenchmark} }

func (b *benchmark) run(ctx context.Context, r *Rig) error {
	var job wire.Job
	if err := json.Unmarshal([]byte(benchmarkJob), &job); err != nil {
		return err
	}
	for _, d := range r.devices {
		h, err := d.backend.NewHasher(ctx, job.Seed)
		if err != nil {
			return err
		}
		defer h.Close() // It keeps the seed prepared meanwhile.
	}
	all := space{job.Nonce, uint64(len(benchmarkResults))}
	w := newWork(job.Header(0), job.Seed, newNonces(all, 0))
	w.nonces.most, w.share = 1<<62, job.Target // round and round
	start := time.Now()
	r.take(w)
	sleepOr(ctx, b.length, nil)
	for time.Since(start) < b.length+benchmarkPatience && ctx.Err() == nil && !allHaveHashed(r.devices) {
		sleepOr(ctx, 10*time.Millisecond, nil)
	}
	b.took = time.Since(start)
	return errBenchmarkDone
}

// benchmarkPatience is how much longer a device gets for its first batch.
const benchmarkPatience = time.Minute

func allHaveHashed(devices []*device) bool {
	return !slices.ContainsFunc(devices, func(d *device) bool { return d.hashes.Load() == 0 && d.failed.Load() == nil })
}

// submit compares a hash with what it should be.
func (b *benchmark) submit(_ context.Context, s solution) (Outcome, error) {
	i := s.nonce % uint64(len(benchmarkResults))
	got, want := binary.BigEndian.Uint64(s.result[:8]), benchmarkResults[i]
	if got == want {
		return Accepted, nil
	}
	why := fmt.Sprintf("%s (kernel %s) computed a wrong hash: nonce %d: got %016x…, want %016x…", s.device.info.Name, s.device.info.Kernel, i, got, want)
	s.device.fail(why)
	return Low, errors.New(why)
}

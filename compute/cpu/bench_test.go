package cpu_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/bytom/bytom/crypto/scrypt"
	"github.com/bytom/bytom/mining/tensority/go_algorithm"
	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
)

// leastRatio is how much faster than Bytom's Go each kernel must at least be, a
// core against a core, and leastSeedRatio that for the expansion of a seed.
var (
	leastRatio     = map[string]float64{"avx2": 25, "avxvnni": 40, "avx512vnni": 80, "amx": 300}
	leastSeedRatio = map[string]float64{"avx2": 1.8, "avxvnni": 1.8, "avx512vnni": 2, "amx": 2}
)

// TestBenchAgainstBytom measures all kernels and Bytom's own code in turns.
func TestBenchAgainstBytom(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("takes half a minute: set %s=1", computetest.LongVariable)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0)) // which Bytom's code sets to 4
	contestants := []compute.Contestant{{Name: "bytom", Backend: bytomBackend{}}}
	for _, k := range cpu.Kernels() {
		b, err := cpu.New(cpu.Config{Kernel: k.Name})
		if err != nil {
			t.Logf("without %s: %v", k.Name, err)
			continue
		}
		defer b.Close()
		contestants = append(contestants, compute.Contestant{
			Name: k.Name, Backend: b, Peaks: cpu.Peaks(k.Name),
		})
	}

	report, err := compute.Bench(t.Context(), compute.BenchConfig{Contestants: contestants, Baseline: "bytom"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", text)
	for _, r := range report.Results {
		if r.Ratio < leastRatio[r.Name] {
			t.Errorf("%s is %.1f times as fast as Bytom's Go, want %.0f", r.Name, r.Ratio, leastRatio[r.Name])
		}
		if r.SeedRatio < leastSeedRatio[r.Name] {
			t.Errorf("%s expands %.1f times as fast as Bytom's Go, want %.1f", r.Name, r.SeedRatio, leastSeedRatio[r.Name])
		}
	}
}

// bytomBackend is Bytom's own Go code, which expands the seed for every hash.
type bytomBackend struct{}

func (bytomBackend) Info() compute.Info {
	return compute.Info{Name: "bytom", Kernel: "go float64", Workers: 1}
}

func (bytomBackend) NewHasher(_ context.Context, seed [32]byte) (compute.Hasher, error) {
	return bytomHasher{bc.NewHash(seed)}, nil
}

// ExpandSeed is Bytom's expansion alone, which its package does not export: this is
// that function's body.
func (bytomBackend) ExpandSeed(seed [32]byte) {
	extended := compute.ExtendSeed(seed)
	v := make([]uint32, 32*1024)
	var cache []uint32
	for range 128 {
		scrypt.Smix(extended[:], v)
		cache = append(cache, v...)
	}
	runtime.KeepAlive(cache)
}

func (bytomBackend) Close() error { return nil }

type bytomHasher struct{ seed bc.Hash }

func (bytomHasher) Batch() int { return 1 }

func (h bytomHasher) Hash(_ context.Context, results, headers [][32]byte) error {
	for i, header := range headers {
		hash := bc.NewHash(header)
		results[i] = go_algorithm.LegacyAlgorithm(&hash, &h.seed).Byte32()
	}
	return nil
}

func (bytomHasher) Close() error { return nil }

// BenchmarkVerify has two Verifiers verify the same headers in turns, one of
// which does not know that its backend can spread a hash over cores. Figures are
// medians.
func BenchmarkVerify(b *testing.B) {
	backend, err := cpu.New(cpu.Config{})
	if err != nil {
		b.Skip(err)
	}
	defer backend.Close()
	plain, spread := compute.NewVerifier(plainBackend{backend}), compute.NewVerifier(backend)
	defer plain.Close()
	defer spread.Close()
	vector := computetest.Vectors(b)[0]
	header := vector.Header
	want := timedHash(b, plain, header, vector.Seed, nil)
	if got := timedHash(b, spread, header, vector.Seed, nil); got != want || got != vector.Tensority {
		b.Fatalf("got %x and %x, want %x", got, want, vector.Tensority)
	}

	var n uint64
	var plainTimes, spreadTimes []float64
	for b.Loop() {
		n++ // every header is new to both: they remember results
		binary.LittleEndian.PutUint64(header[:], n)
		want := timedHash(b, plain, header, vector.Seed, &plainTimes)
		if got := timedHash(b, spread, header, vector.Seed, &spreadTimes); got != want {
			b.Fatalf("header %x: got %x, want %x", header, got, want)
		}
	}
	slices.Sort(plainTimes)
	slices.Sort(spreadTimes)
	middle := len(plainTimes) / 2
	b.ReportMetric(plainTimes[middle], "plain-ms")
	b.ReportMetric(spreadTimes[middle], "spread-ms")
	b.ReportMetric(plainTimes[middle]/spreadTimes[middle], "ratio")
	b.ReportMetric(float64(backend.Info().Workers), "cores")
}

// timedHash verifies a header and appends the milliseconds that it took.
func timedHash(b *testing.B, v *compute.Verifier, header, seed [32]byte, times *[]float64) [32]byte {
	start := time.Now()
	result, err := v.Hash(b.Context(), header, seed)
	if err != nil {
		b.Fatal(err)
	}
	if times != nil {
		*times = append(*times, float64(time.Since(start))/float64(time.Millisecond))
	}
	return result
}

// plainBackend hides what its Hashers can do besides hashing.
type plainBackend struct{ compute.Backend }

func (p plainBackend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	h, err := p.Backend.NewHasher(ctx, seed)
	return struct{ compute.Hasher }{h}, err
}

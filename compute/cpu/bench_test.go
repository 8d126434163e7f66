package cpu_test

import (
	"context"
	"encoding/json"
	"runtime"
	"testing"

	"github.com/bytom/bytom/mining/tensority/go_algorithm"
	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
)

// leastRatio is how much faster than Bytom's Go each kernel must at least be, a
// core against a core.
var leastRatio = map[string]float64{"avx2": 15}

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
			Name: k.Name, Backend: b, Peak: func() float64 { return cpu.Peak(k.Name) },
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

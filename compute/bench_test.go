package compute

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// bench measures in a bubble, whose clock the machine's load does not disturb: a hash of
// these backends takes a millisecond on the wall. Processor time is the process's all the
// same.
func bench(t *testing.T, config BenchConfig) (report BenchReport, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { report, err = Bench(t.Context(), config) })
	return report, err
}

// tableBackend looks known answers up.
type tableBackend struct{ flipBackend }

func (tableBackend) NewHasher(context.Context, [32]byte) (Hasher, error) { return tableBackend{}, nil }

func (tableBackend) Hash(_ context.Context, results, headers [][32]byte) error {
	time.Sleep(time.Millisecond)
	for i, header := range headers {
		for _, known := range knownAnswers {
			if header == hash32(known.header) {
				results[i] = hash32(known.hash)
			}
		}
	}
	return nil
}

func TestBench(t *testing.T) {
	report, err := bench(t, BenchConfig{
		Contestants: []Contestant{
			{Name: "a", Backend: tableBackend{}},
			{Name: "b", Backend: wideBackend{}, Peaks: []Peak{{"mul", func() float64 { time.Sleep(time.Millisecond); return 1e9 }}}},
		},
		Baseline: "a", Threads: []int{1, 3}, Rounds: 3, Turn: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 2 || report.Results[0].Ratio != 1 || len(report.Results[0].Peaks) != 0 {
		t.Fatalf("%+v", report)
	}
	for _, r := range report.Results {
		if !r.Verified || r.Hashes < 3*4000 || r.VerifyMilliseconds <= 0 || r.VerifyRatio <= 0 {
			t.Errorf("%+v", r)
		}
	}
	a, b := report.Results[0], report.Results[1]
	near := func(x float64) bool { return x > 0.99 && x < 1.01 }
	if len(a.Threads) != 1 || len(b.Threads) != 2 || b.Threads[0].Scaling != 1 || !near(b.Threads[1].Scaling) ||
		b.Threads[0].PeakScaling != 1 || !near(b.Threads[1].PeakScaling) {
		t.Errorf("threads %+v, %+v", a.Threads, b.Threads)
	}
	if len(b.Peaks) != 1 || b.Peaks[0].Name != "mul" {
		t.Errorf("peaks %+v", b.Peaks)
	}
}

// TestCompareBenches: figures are medians, ratios are the rounds', and what one of the
// builds does not know is left out.
func TestCompareBenches(t *testing.T) {
	report := func(rate, seed, scaling float64) BenchReport {
		return BenchReport{
			Results: []BenchResult{{
				Name: "k", HashesPerSecond: rate, SeedMilliseconds: seed, Peaks: []BenchPeak{{Part: 0.8}},
				Threads: []BenchThread{{Threads: 1, Scaling: 1, PeakScaling: 1}, {Threads: 2, Scaling: scaling, PeakScaling: 1}},
			}},
			Expansions: []BenchExpansion{{Name: "slow"}, {Name: "e", Used: true, Milliseconds: 10, Part: 0.5}},
		}
	}
	old := []BenchReport{report(10, 40, 0.5), report(20, 20, 0.5), report(10, 40, 0.5)}
	now := []BenchReport{report(20, 20, 0.75), report(40, 10, 0.75), report(20, 20, 0.75)}
	want := []BenchChange{
		{"k", "hashes a second, a core", 10, 20, 2, "its instruction's peak", 0.8},
		{"k", "a new seed, ms", 40, 20, 0.5, "the chain's floor by latency", 0.25},
		{"k", "2 threads, × one", 1, 1.5, 1.5, "the registers' in the same run", 0.75},
	}
	if got := CompareBenches(old, now); !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if got := CompareBenches(old, now[:2]); got != nil {
		t.Errorf("of other rounds: %+v", got)
	}
}

// TestBenchOfExpansions: medians, and the floor's part of them.
func TestBenchOfExpansions(t *testing.T) {
	var rounds float64
	config := BenchConfig{
		Contestants: []Contestant{{Name: "a", Backend: tableBackend{}}}, Rounds: 3, Turn: time.Millisecond,
		Expansions: func() ([]BenchExpansion, error) {
			rounds++
			return []BenchExpansion{{Name: "e", Used: true, Milliseconds: 10 * rounds, Cycles: SalsaFloor * rounds}}, nil
		},
	}
	report, err := bench(t, config)
	if want := (BenchExpansion{"e", true, 20, 2 * SalsaFloor, 0.5}); err != nil || len(report.Expansions) != 1 || report.Expansions[0] != want {
		t.Errorf("%+v, %v", report.Expansions, err)
	}
	wrong := errors.New("wrong")
	config.Expansions = func() ([]BenchExpansion, error) { return nil, wrong }
	if _, err := bench(t, config); !errors.Is(err, wrong) {
		t.Errorf("a wrong one: %v", err)
	}
}

// wideBackend is a tableBackend that has three workers.
type wideBackend struct{ tableBackend }

func (wideBackend) Info() Info { return Info{Name: "wide", Kernel: "table", Workers: 3} }

// nonceTable is a graphics card that knows the answers of nonces, and one of them wrong
// if it is told to.
type nonceTable struct {
	tableBackend
	wrong bool
	batch int
}

func (nonceTable) Info() Info {
	return Info{Name: "card", Kernel: "table", Workers: 2, Accelerator: true}
}

func (n nonceTable) NewHasher(context.Context, [32]byte) (Hasher, error) { return n, nil }

func (n nonceTable) Batch() int { return n.batch }

func (n nonceTable) HashNonces(_ context.Context, results [][32]byte, _ *BlockHeader, nonces []uint64) error {
	time.Sleep(time.Millisecond)
	for i, nonce := range nonces {
		results[i] = [32]byte{1}
		for _, known := range nonceAnswers {
			if nonce == known.nonce {
				results[i] = hash32(known.hash)
			}
		}
		if n.wrong && nonce == knownNonce-2 {
			results[i][31] ^= 1
		}
	}
	return nil
}

// TestBenchOfACard has it given nonces, in large batches and alone.
func TestBenchOfACard(t *testing.T) {
	for _, batch := range []int{1, 3, 100} {
		config := BenchConfig{
			Contestants: []Contestant{{Name: "card", Backend: nonceTable{batch: batch}}},
			Rounds:      1, // of a second: a batch of one is each nonce in its turn
		}
		report, err := bench(t, config)
		if err != nil {
			t.Fatal(err)
		}
		r := report.Results[0]
		if !r.Verified || !r.Accelerator || r.Hashes != 2*1000*batch || r.HostMicroseconds <= 0 && benchClockName == "cpu" || r.Threads[0].Threads != 2 {
			t.Errorf("%+v", r)
		}
		config.Contestants[0].Backend = nonceTable{batch: batch, wrong: true}
		var wrong *WrongHashError
		if _, err := bench(t, config); !errors.As(err, &wrong) || wrong.Vector != "nonce 0x783700000037" {
			t.Errorf("a wrong hash: %v", err)
		}
	}
}

func TestBenchRefusesOtherHashesUnderANewSeed(t *testing.T) {
	_, err := Bench(t.Context(), BenchConfig{
		Contestants: []Contestant{{Name: "a", Backend: tableBackend{}}, {Name: "b", Backend: oddBackend{}}},
		Rounds:      1, Turn: time.Millisecond,
	})
	if err == nil || !strings.Contains(err.Error(), "benchmark of b: header") {
		t.Errorf("got %v", err)
	}
}

// oddBackend is wrong about what is in no table.
type oddBackend struct{ tableBackend }

func (oddBackend) NewHasher(context.Context, [32]byte) (Hasher, error) { return oddBackend{}, nil }

func (o oddBackend) Hash(ctx context.Context, results, headers [][32]byte) error {
	results[0] = [32]byte{1}
	return o.tableBackend.Hash(ctx, results, headers)
}

func TestMedianRatio(t *testing.T) {
	for _, c := range []struct {
		over, under []float64
		want        float64
	}{
		{nil, nil, 0}, {[]float64{1}, nil, 0}, {[]float64{1, 2}, []float64{0, 0}, 0},
		{[]float64{2, 6, 8}, []float64{1, 2, 1}, 3}, {[]float64{2, 6, 4}, []float64{1, 0, 1}, 3},
	} {
		if got := medianRatio(c.over, c.under); got != c.want {
			t.Errorf("%v over %v: got %v, want %v", c.over, c.under, got, c.want)
		}
	}
}

func TestBenchRefusesAWrongHash(t *testing.T) {
	_, err := Bench(t.Context(), BenchConfig{Contestants: []Contestant{{Name: "f", Backend: flipBackend{}}}})
	var wrong *WrongHashError
	if !errors.As(err, &wrong) || wrong.Position != 1 {
		t.Errorf("got %v", err)
	}
}

func TestBenchRefusesAnUnknownBaseline(t *testing.T) {
	_, err := Bench(t.Context(), BenchConfig{Contestants: []Contestant{{Name: "f", Backend: flipBackend{}}}, Baseline: "g"})
	if err == nil {
		t.Error("no error")
	}
}

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{0: nil, 2: {3, 1, 2}, 2.5: {4, 1, 2, 3}} {
		if got := median(values); got != want {
			t.Errorf("%v: got %v, want %v", values, got, want)
		}
	}
}

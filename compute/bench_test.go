package compute

import (
	"context"
	"errors"
	"testing"
	"time"
)

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
	report, err := Bench(t.Context(), BenchConfig{
		Contestants: []Contestant{
			{Name: "a", Backend: tableBackend{}},
			{Name: "b", Backend: tableBackend{}, Peak: func() float64 { return 1e9 }},
		},
		Baseline: "a", Rounds: 3, Turn: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 2 || report.Results[0].Ratio != 1 || report.Results[0].Peak != 0 {
		t.Errorf("%+v", report)
	}
	for _, r := range report.Results {
		if !r.Verified || r.Hashes < 3*4 || r.WallHashesPerSecond <= 0 {
			t.Errorf("%+v", r)
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

package compute

import (
	"context"
	"errors"
	"testing"
)

func TestSelfTestAcceptsTheReference(t *testing.T) {
	b := NewReference()
	defer b.Close()
	if err := SelfTest(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func TestSelfTestRefusesAWrongHash(t *testing.T) {
	err := SelfTest(t.Context(), flipBackend{})
	var wrong *WrongHashError
	if !errors.As(err, &wrong) {
		t.Fatalf("got %v, want a WrongHashError", err)
	}
	if wrong.Backend.Name != "flip" || wrong.Vector != "bytom-8" || wrong.Position != 1 {
		t.Fatalf("the error names the wrong place: %v", err)
	}
}

// flipBackend knows the known answers by heart and gets the second one wrong.
type flipBackend struct{}

func (flipBackend) Info() Info { return Info{Name: "flip", Kernel: "table", Workers: 1} }

func (flipBackend) NewHasher(context.Context, [32]byte) (Hasher, error) { return flipBackend{}, nil }

func (flipBackend) Batch() int { return 4 }

func (flipBackend) Close() error { return nil }

func (flipBackend) Hash(_ context.Context, results, headers [][32]byte) error {
	for i := range results {
		results[i] = hash32(knownAnswers[i%len(knownAnswers)].hash)
	}
	results[1][31] ^= 1
	return nil
}

// TestKnownAnswers compares the answers that are compiled in with the vectors
// that are published under the same names.
func TestKnownAnswers(t *testing.T) {
	published := map[string]vectorInput{}
	for _, in := range vectorInputs {
		published[in.name] = in
	}
	check := func(seed string, known knownAnswer) {
		in := published[known.name]
		if known.header != in.header || known.hash != in.want || seed != in.seed {
			t.Errorf("%s is not the vector of that name", known.name)
		}
	}
	for _, known := range knownAnswers {
		check(knownSeed, known)
	}
	check(chainSeed, chainAnswer)
}

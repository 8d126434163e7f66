package compute

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestThrottled hashes at a quarter of the time: a second of work, three of rest.
func TestThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := Throttled(&slowBackend{workers: 4}, 25)
		if b.Info().Workers != 4 {
			t.Errorf("info %+v", b.Info())
		}
		h, err := b.NewHasher(t.Context(), [32]byte{7})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		start := time.Now()
		results, headers := make([][32]byte, 1), [][32]byte{{0, 1}}
		for n, want := range []time.Duration{1, 5, 9} {
			err := h.Hash(t.Context(), results, headers)
			if took := time.Since(start); err != nil || took != want*time.Second || results[0] != [32]byte{7, 1} {
				t.Errorf("hash %d: %v after %v, want it after %ds: %x", n, err, took, want, results)
			}
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.Hash(ctx, results, headers); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while it rests: %v", err)
		}
	})
}

func TestThrottledSpreadsNothing(t *testing.T) {
	h, err := Throttled(&spreadingBackend{slowBackend{workers: 4}}, 50).NewHasher(t.Context(), [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if _, ok := h.(spreader); ok {
		t.Error("a throttled Hasher shares hashes")
	}
}

func TestThrottledIsOff(t *testing.T) {
	b := &slowBackend{}
	for _, percent := range []int{-1, 0, 100, 101} {
		if Throttled(b, percent) != Backend(b) {
			t.Errorf("%d percent throttle", percent)
		}
	}
}

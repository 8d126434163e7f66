//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/bytom-solo/bytom-solo/compute"
)

// openTuned is openFew of a backend behind which variants are timed, by the test.
func openTuned(t *testing.T) *backend {
	t.Helper()
	b := openFew(t, 1, 2, nil)
	ended := make(chan struct{})
	close(ended)
	b.tuning = &tuning{turns: semaphore.NewWeighted(allTurns), end: func() {}, ended: ended}
	return b
}

// TestHashersGoOverToTheFastestVariant with the batch behind that in which it is there, and
// leave nothing of the former.
func TestHashersGoOverToTheFastestVariant(t *testing.T) {
	before := liveDevices.Load()
	b := openTuned(t)
	h, unused := hasherOf(t, b), hasherOf(t, b)
	want, err := hashOne(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	other := smallest
	other.TileRows, other.Pad = 8, 0
	best, err := openHooked(b.about, other, 3, Config{}, b.hooks)
	if err != nil {
		t.Fatal(err)
	}
	best.headers = true
	if err := best.current.compileHeaders(); err != nil {
		t.Fatal(err)
	}
	b.adopt(best)
	if kernel := b.Info().Kernel; kernel != other.String()+" +headers" || h.Batch() != 1 {
		t.Errorf("kernel %s, a batch of %d", kernel, h.Batch())
	}
	if got, err := hashOne(t.Context(), h); err != nil || got != want || h.Batch() != 3 {
		t.Errorf("%x and %v by batches of %d, expected %x by 3", got, err, h.Batch(), want)
	}
	var header compute.BlockHeader
	nonces, results, again := []uint64{1, 2, 3, 4}, make([][32]byte, 4), make([][32]byte, 4)
	if err := compute.Nonces(h).HashNonces(t.Context(), results, &header, nonces); err != nil {
		t.Fatal(err)
	}
	var headers [][32]byte
	for _, nonce := range nonces {
		headers = append(headers, header.Hash(nonce))
	}
	if err := h.Hash(t.Context(), again, headers); err != nil || !slices.Equal(results, again) {
		t.Errorf("by nonces %x, by headers %x and %v", results, again, err)
	}
	h.Close()
	if n := liveDevices.Load() - before; n != 2 {
		t.Errorf("%d logical devices while a Hasher of the former variant is open, expected 2", n)
	}
	unused.Close()
	b.Close()
	if n := liveDevices.Load() - before; n != 0 {
		t.Errorf("%d logical devices after all was closed", n)
	}
	late, err := openHooked(b.about, other, 3, Config{}, b.hooks)
	if err != nil {
		t.Fatal(err)
	}
	if b.adopt(late); liveDevices.Load() != before {
		t.Error("what comes after Close stays open")
	}
}

// TestNothingHashesWhileAVariantIsTimed but then has as much time; who stops meanwhile need
// not wait.
func TestNothingHashesWhileAVariantIsTimed(t *testing.T) {
	b := openTuned(t)
	h := hasherOf(t, b)
	defer h.Close()
	timed, hashed := make(chan struct{}), make(chan error, 1)
	err := b.alone(t.Context(), func() error {
		go func() {
			_, err := hashOne(t.Context(), h)
			hashed <- err
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		other, err := b.NewHasher(ctx, [32]byte{})
		if err != nil {
			return err
		}
		defer other.Close()
		if _, err := hashOne(ctx, other); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a hash while a variant is timed: %v", err)
		}
		select {
		case err := <-hashed:
			t.Errorf("a hash while a variant is timed: %v", err)
		default:
		}
		close(timed)
		return nil
	})
	<-timed
	if err != nil {
		t.Error(err)
	}
	if err := <-hashed; err != nil {
		t.Error(err)
	}
}

//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	vk "github.com/vulkan-go/vulkan"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// smallest is a variant that every device can run.
var smallest = Variant{Path: PathMul, Rows: 16, TileRows: 4, TileWords: 2, Pad: 1}

// zeroSeed are the matrices of the seed of zeros, one copy for all tests.
var zeroSeed = sync.OnceValue(func() *compute.Matrices { return compute.NewMatrices([32]byte{}) })

// openFew opens a backend whose chains have a few products only.
func openFew(t testing.TB, batch, steps int, fault func(string) vk.Result) *backend {
	t.Helper()
	h := noHooks()
	h.steps = steps
	h.expand = func([32]byte) *compute.Matrices { return zeroSeed() }
	if fault != nil {
		h.fault = fault
	}
	b, err := openHooked(testDevice(t), smallest, batch, Config{}, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func hasherOf(t testing.TB, b *backend) compute.Hasher {
	t.Helper()
	h, err := b.NewHasher(t.Context(), [32]byte{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func hashOne(ctx context.Context, h compute.Hasher) ([32]byte, error) {
	results := make([][32]byte, 1)
	err := h.Hash(ctx, results, [][32]byte{{1, 2, 3}})
	return results[0], err
}

// TestALostDeviceIsOpenedAgain loses it in the middle of a batch, while another Hasher
// is open, and has the first attempt to open it again fail.
func TestALostDeviceIsOpenedAgain(t *testing.T) {
	before := liveDevices.Load()
	var lost, unwilling atomic.Bool
	b := openFew(t, 1, 2, func(call string) vk.Result {
		if call == "vkWaitForFences" && lost.CompareAndSwap(true, false) {
			return vk.ErrorDeviceLost
		}
		if call == "vkCreateComputePipelines" && unwilling.Load() {
			return vk.ErrorInitializationFailed
		}
		return vk.Success
	})
	first, other := hasherOf(t, b), hasherOf(t, b)
	want, err := hashOne(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}

	lost.Store(true)
	var failed *Error
	if _, err := hashOne(t.Context(), first); !errors.As(err, &failed) || failed.Result != vk.ErrorDeviceLost {
		t.Fatalf("hash on a lost device: %v", err)
	}
	first.Close()
	unwilling.Store(true)
	if h, err := b.NewHasher(t.Context(), [32]byte{}); err == nil || !strings.Contains(err.Error(), "open "+b.about.Name+" again") {
		t.Fatalf("the device does not come back: %v, %v", h, err)
	}
	unwilling.Store(false)
	again := hasherOf(t, b)
	if got, err := hashOne(t.Context(), again); err != nil || got != want {
		t.Errorf("after the device came back: %x and %v, want %x", got, err, want)
	}
	if n := liveDevices.Load() - before; n != 2 {
		t.Errorf("%d logical devices while a Hasher of the lost one is open, expected 2", n)
	}
	other.Close()
	if n := liveDevices.Load() - before; n != 1 {
		t.Errorf("%d logical devices after it was closed, expected 1", n)
	}
	again.Close()
	b.Close()
	if n := liveDevices.Load() - before; n != 0 {
		t.Errorf("%d logical devices after all was closed", n)
	}
	if _, err := b.NewHasher(t.Context(), [32]byte{}); !errors.Is(err, compute.ErrClosed) {
		t.Errorf("NewHasher after Close: %v", err)
	}
}

// TestAFlippedBitIsFound has one bit of the matrices wrong on the device: of one that
// the hash needs. The same hash with all bits right is in TestConformance.
func TestAFlippedBitIsFound(t *testing.T) {
	d := testDevice(t)
	v := computetest.Vectors(t)[0]
	h := noHooks()
	h.expand = func(seed [32]byte) *compute.Matrices {
		m := compute.NewMatrices(seed)
		m.Matrix(int(compute.Indices(v.Header)[2][17]))[31][200] ^= 4
		return m
	}
	b, err := openHooked(d, firstVariant(t, d, PathDot), 1, Config{}, h)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	hasher, err := b.NewHasher(t.Context(), v.Seed)
	if err != nil {
		t.Fatal(err)
	}
	defer hasher.Close()
	results := make([][32]byte, 1)
	if err := hasher.Hash(t.Context(), results, [][32]byte{v.Header}); err != nil || results[0] == v.Tensority {
		t.Errorf("%x and %v: the wrong bit made no difference", results[0], err)
	}
}

// TestHashEndsWithinABatchOfItsContext ends the context while the second of many batches
// is on the device.
func TestHashEndsWithinABatchOfItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var waits atomic.Int32
	b := openFew(t, 2, 1, func(call string) vk.Result {
		// The first one is the seed's.
		if call == "vkWaitForFences" && waits.Add(1) == 3 {
			cancel()
		}
		return vk.Success
	})
	h := hasherOf(t, b)
	defer h.Close()
	headers := make([][32]byte, 100)
	if err := h.Hash(ctx, make([][32]byte, len(headers)), headers); !errors.Is(err, context.Canceled) {
		t.Errorf("hash: %v", err)
	}
	if n := waits.Load(); n != 3 {
		t.Errorf("%d batches after the end", n-3)
	}
}

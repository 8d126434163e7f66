//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"errors"
	"sync/atomic"
	"testing"

	vk "github.com/vulkan-go/vulkan"
)

// TestADeviceThatHangsOverASeedKeepsItsMemory: what a hanging device may still write to is never freed, be
// it a batch's or a seed's, nor is the logical device, which would wait for its end for ever. (The
// test's device does not hang, but is said to.)
func TestADeviceThatHangsOverASeedKeepsItsMemory(t *testing.T) {
	before := liveDevices.Load()
	var hangs atomic.Bool
	b := openFew(t, 1, 2, func(call string) vk.Result {
		if call == "vkWaitForFences" && hangs.CompareAndSwap(true, false) {
			return vk.Timeout
		}
		return vk.Success
	})
	hangs.Store(true)
	if h, err := b.NewHasher(t.Context(), [32]byte{}); !errors.Is(err, errHangs) {
		t.Fatalf("a device that hangs over a seed: %v, %v", h, err)
	}
	again := hasherOf(t, b) // On a logical device of its own.
	if _, err := hashOne(t.Context(), again); err != nil {
		t.Error(err)
	}
	again.Close()
	b.Close()
	if n := liveDevices.Load() - before; n != 1 {
		t.Errorf("%d logical devices after all was closed, expected the one that hangs", n)
	}
}

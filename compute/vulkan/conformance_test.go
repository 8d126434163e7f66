package vulkan

import (
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// testDevice is the driver that computes on the CPU, which every machine can have.
func testDevice(t testing.TB) Device {
	t.Helper()
	all, err := Devices()
	if err != nil {
		computetest.Require(t, "vulkan", err.Error())
	}
	for _, d := range all {
		if d.Answers("vulkan:lavapipe") {
			return d
		}
	}
	computetest.Require(t, "vulkan", "there is no lavapipe")
	return Device{}
}

// TestConformance computes whole hashes by each path. Its short form is the self-test
// that Open makes, as lavapipe takes about a second a hash.
func TestConformance(t *testing.T) {
	d := testDevice(t)
	for _, path := range []string{PathDot, PathMul} {
		t.Run(path, func(t *testing.T) {
			b, err := Open(t.Context(), d, Config{Variant: Variant{Path: path, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1}})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if computetest.Long() {
				computetest.Conformance(t, b)
			}
		})
	}
}

//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// testDevice is a driver that computes on the CPU, which every machine can have: lavapipe, or
// what else there is.
func testDevice(t testing.TB) Device {
	t.Helper()
	all, err := Devices()
	if err != nil {
		computetest.Require(t, "vulkan", err.Error())
	}
	for _, d := range all {
		if d.IsCPU() {
			return d
		}
	}
	computetest.Require(t, "vulkan", "there is no driver that computes on the CPU, such as lavapipe")
	return Device{}
}

// TestConformance computes whole hashes by each path that the driver has. Its short form
// is the self-test that Open makes, as lavapipe takes about a second a hash.
func TestConformance(t *testing.T) {
	d := testDevice(t)
	for _, path := range []string{PathMatrix, PathDot, PathMul} {
		t.Run(path, func(t *testing.T) {
			v := firstVariant(t, d, path)
			config := Config{Variant: v}
			if computetest.Long() || path == PathDot { // It takes another hash.
				config.Headers = HeadersDevice
			}
			b, err := Open(t.Context(), d, config)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			if strings.HasSuffix(b.Info().Kernel, " +headers") != (config.Headers == HeadersDevice) {
				t.Errorf("kernel %s with header hashes on %s", b.Info().Kernel, config.Headers)
			}
			if computetest.Long() {
				computetest.Conformance(t, b)
			}
		})
	}
}

// firstVariant is the one that is tried first of a path. Without one, the test is left
// out, or fails if TENSORITY_REQUIRE has the path's name.
func firstVariant(t testing.TB, d Device, path string) Variant {
	t.Helper()
	all, err := candidates(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Path == path {
			return v
		}
	}
	computetest.Require(t, path, d.Driver+": "+d.path(path).Reason)
	return Variant{}
}

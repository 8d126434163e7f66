package table

import (
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
)

// TestPartsAboveThePeak are explained where there are any.
func TestPartsAboveThePeak(t *testing.T) {
	for part, explained := range map[float64]bool{0.9: false, 2.5: true} {
		var out strings.Builder
		report := compute.BenchReport{Results: []compute.BenchResult{{Name: "vulkan:0", Peaks: []compute.BenchPeak{{Name: "dot", MultiplyAdds: 1e9, Part: part}}}}}
		if err := DeviceBench(&out, report); err != nil || strings.Contains(out.String(), "above 1") != explained {
			t.Errorf("%v: %v:\n%s", part, err, &out)
		}
	}
}

// TestWhyAPathIsNotUsed has rates of fast and slow devices, and ones that were not timed.
func TestWhyAPathIsNotUsed(t *testing.T) {
	chosen := vulkan.Variant{Path: vulkan.PathDot, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1}
	tried := []vulkan.Tried{{Path: vulkan.PathDot, HashesPerSecond: 19500}, {Path: vulkan.PathMul, HashesPerSecond: 0.4}}
	for _, test := range []struct {
		kind, path string
		tried      []vulkan.Tried
		want       string
	}{
		{"discrete", vulkan.PathDot, tried, "the fastest: 19.5 kH/s by dot r64 t8x2 p1"},
		{"discrete", vulkan.PathMul, tried, "slower: 0.40 H/s"},
		{"discrete", vulkan.PathMul, nil, "not measured yet"},
		{"cpu", vulkan.PathMul, nil, "not timed: the first path that is right will do where the CPU computes"},
	} {
		if got := whyPath(vulkan.Device{Kind: test.kind}, vulkan.Path{Name: test.path, Usable: true}, chosen, test.tried); got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}

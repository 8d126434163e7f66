//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
)

// TestTheFastestVariantIsChosenOnce opens lavapipe as if it were a card that has one path
// alone: variants are timed, and the choice is there at the second start.
func TestTheFastestVariantIsChosenOnce(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("takes some thirty hashes of lavapipe: set %s=1", computetest.LongVariable)
	}
	d := testDevice(t)
	d.Kind = "discrete"
	d.Paths = []Path{{Name: PathMul, Usable: true}}
	var progress []string
	config := Config{Dir: t.TempDir(), Progress: func(device string, done, total int) {
		progress = append(progress, fmt.Sprintf("%s %d of %d", device, done, total))
	}}
	var kernels []string
	var tried [][]Tried
	for range 2 {
		b, err := Open(t.Context(), d, config)
		if err != nil {
			t.Fatal(err)
		}
		if info := b.Info(); info.Workers != d.Workers() || !info.Accelerator {
			t.Errorf("%+v", info)
		}
		kernels = append(kernels, b.Info().Kernel)
		tried = append(tried, b.(*backend).tried)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		kept, err := filepath.Glob(filepath.Join(config.Dir, "*"))
		if err != nil || len(kept) != 2 {
			t.Errorf("kept: %q and %v, expected the choice and the compiler's output", kept, err)
		}
	}
	if len(tried[0]) != 1 || tried[0][0].HashesPerSecond <= 0 || !reflect.DeepEqual(tried[0], tried[1]) || kernels[0] != kernels[1] {
		t.Errorf("first %s of %+v, then %s of %+v", kernels[0], tried[0], kernels[1], tried[1])
	}

	var want []string // of the first start alone
	for i := range len(progress) {
		want = append(want, fmt.Sprintf("%s %d of %d", d.Name, i, len(progress)-1))
	}
	if len(want) < 2 || !slices.Equal(progress, want) {
		t.Errorf("progress %q, expected %q", progress, want)
	}

	// What somebody else has left there is no reason to fail.
	if err := os.WriteFile(config.file(d, ".cache"), []byte("not a cache"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), d, config)
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
}

// TestSweepOfOneVariant has the sweep's figures of a variant that works and of one that
// does not fit.
func TestSweepOfOneVariant(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("takes some hashes of lavapipe: set %s=1", computetest.LongVariable)
	}
	d := testDevice(t)
	peaks := make(map[string]float64)
	one, err := sweepOne(t.Context(), d, firstVariant(t, d, PathDot), Config{}, time.Millisecond, peaks)
	if err != nil || one.Error != "" || one.HashesPerSecond <= 0 || one.Part <= 0 || peaks[PathDot] <= 0 {
		t.Errorf("%+v and %v with peaks %v", one, err, peaks)
	}
	one, err = sweepOne(t.Context(), d, Variant{Path: PathDot, Rows: 256, TileRows: 1, TileWords: 1}, Config{}, time.Millisecond, peaks)
	if err != nil || one.Error == "" {
		t.Errorf("a variant that does not fit: %+v and %v", one, err)
	}
}

// TestGridsFit looks for variants that no device could have.
func TestGridsFit(t *testing.T) {
	all := append(grid(), matrixGrid([]matrixShape{{16, 16, 32}, {8, 32, 32}, {16, 16, 16}, {8, 8, 8}, {16, 8, 32}}, []int{32, 32, 64})...)
	seen := make(map[Variant]bool)
	for _, v := range all {
		if err := v.check(); err != nil || v.invocations() < 1 || seen[v] {
			t.Errorf("%s: %v, %d invocations, seen before: %v", v, err, v.invocations(), seen[v])
		}
		seen[v] = true
	}
	if len(all) < 200 {
		t.Errorf("only %d variants", len(all))
	}
}

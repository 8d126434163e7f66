//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
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

// TestTheFirstVariantHashesWhileOthersAreTimed opens lavapipe as if it were a card that was
// not measured yet.
func TestTheFirstVariantHashesWhileOthersAreTimed(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("takes some hashes of lavapipe: set %s=1", computetest.LongVariable)
	}
	d := testDevice(t)
	d.Kind = "discrete"
	d.Paths = []Path{{Name: PathDot, Usable: true}, {Name: PathMul, Usable: true}}
	v := computetest.Vectors(t)[0]
	var log lockedBuffer
	config := Config{Dir: t.TempDir(), Behind: true, Log: slog.New(slog.NewTextHandler(&log, nil))}
	start := time.Now()
	opened, err := Open(t.Context(), d, config)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	b := opened.(*backend)
	h, err := b.NewHasher(t.Context(), v.Seed)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	hashes, first := 0, time.Duration(0)
	for tuning := true; tuning; hashes++ {
		select {
		case <-b.tuning.ended:
			tuning = false // Once more, by the variant that was chosen.
		default:
		}
		results := make([][32]byte, 1)
		if err := h.Hash(t.Context(), results, [][32]byte{v.Header}); err != nil || results[0] != v.Tensority {
			t.Fatalf("%x and %v", results[0], err)
		}
		if hashes == 0 {
			first = time.Since(start)
		}
	}
	t.Logf("the first hash after %v, %d until %s was chosen after %v\n%s", first, hashes, b.Info().Kernel, time.Since(start), &log)
	chosen, tried := b.Chosen()
	if was, err := config.loadChoice(d); err != nil || was.Variant != chosen || len(tried) != 2 {
		t.Errorf("%+v and %v were kept, chosen %s of %+v", was, err, chosen, tried)
	}
	begins, chose := strings.Index(log.String(), "hashing begins by the first variant"), strings.Index(log.String(), "the fastest variant was chosen")
	if begins < 0 || chose < begins || hashes < 3 {
		t.Errorf("%d hashes, and the log:\n%s", hashes, &log)
	}
}

// lockedBuffer is a log.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
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

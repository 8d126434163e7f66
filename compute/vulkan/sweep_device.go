//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// Sweep proves and times every variant on a device, each for some time, one at least.
func Sweep(ctx context.Context, d Device, turn time.Duration) (SweepReport, error) {
	h, err := theHost()
	if err != nil {
		return SweepReport{}, err
	}
	if d.Index < 0 || d.Index >= len(h.physicals) {
		return SweepReport{}, fmt.Errorf("%w: number %d of %d", ErrNone, d.Index, len(h.physicals))
	}
	p := &h.physicals[d.Index]
	report := SweepReport{Device: d, Peaks: make(map[string]float64)}
	variants := grid()
	if d.path(PathMatrix).Usable {
		shapes, err := shapesOf(p)
		if err != nil {
			return report, err
		}
		sizes := []int{int(p.offer.subgroup_least), int(p.offer.subgroup), int(p.offer.subgroup_most)}
		variants = append(matrixGrid(shapes, sizes), variants...)
	}
	for _, v := range variants {
		if !d.path(v.Path).Usable || fits(&p.offer, v) != nil {
			continue
		}
		one, err := sweepOne(ctx, d, v, turn, report.Peaks)
		if err != nil {
			return report, err
		}
		report.Variants = append(report.Variants, one)
	}
	slices.SortStableFunc(report.Variants, func(a, b SweepVariant) int { return cmp.Compare(b.HashesPerSecond, a.HashesPerSecond) })
	return report, nil
}

// sweepOne measures a variant, and its path's peak the first time. Its error is ctx's.
func sweepOne(ctx context.Context, d Device, v Variant, turn time.Duration, peaks map[string]float64) (SweepVariant, error) {
	one := SweepVariant{Variant: v}
	b, err := openVariant(d, v, 1, Config{})
	if err == nil {
		defer b.Close()
		if _, ok := peaks[v.Path]; !ok {
			peaks[v.Path] = runPeak(b, v)
		}
		err = compute.SelfTest(ctx, b)
	}
	if err == nil {
		one.HashesPerSecond, err = b.measure(ctx, turn)
		one.Batch = b.batch
	}
	if ctx.Err() != nil {
		return one, ctx.Err()
	}
	if err != nil {
		one.Error = err.Error()
	} else if peak := peaks[v.Path]; peak > 0 {
		one.Part = one.HashesPerSecond * compute.MultiplyAdds / peak
	}
	return one, nil
}

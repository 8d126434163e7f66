//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// Sweep proves and times every variant on a device, each for some time, one at least. Of the
// configuration, Dir and Log count.
func Sweep(ctx context.Context, d Device, config Config, turn time.Duration) (SweepReport, error) {
	p, err := physicalOf(d)
	if err != nil {
		return SweepReport{}, err
	}
	config.ended = config.loadEndings(d)
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
		one, err := sweepOne(ctx, d, v, config, turn, report.Peaks)
		if err != nil {
			return report, err
		}
		report.Variants = append(report.Variants, one)
	}
	slices.SortStableFunc(report.Variants, func(a, b SweepVariant) int { return cmp.Compare(b.HashesPerSecond, a.HashesPerSecond) })
	return report, nil
}

// sweepOne measures a variant, and its path's peak the first time. Its error is ctx's.
func sweepOne(ctx context.Context, d Device, v Variant, config Config, turn time.Duration, peaks map[string]float64) (SweepVariant, error) {
	one := SweepVariant{Variant: v}
	if one.Error = config.ended.why(v); one.Error != "" {
		return one, nil
	}
	var b *backend
	err := config.attempting(ctx, d, v.String(), func() (err error) {
		if b, err = openVariant(d, v, 1, Config{}); err == nil {
			err = compute.SelfTest(ctx, b)
		}
		return err
	})
	if b != nil {
		defer b.Close()
	}
	if _, ok := peaks[v.Path]; !ok && err == nil && !config.ended.has(attemptPeak(v.Path)) {
		b.config = config
		peaks[v.Path] = runPeak(b, v)
	}
	if err == nil {
		one.Batch, one.HashesPerSecond, err = b.measure(ctx, turn)
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

//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"context"
	"time"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/shaders"
)

// Peaks are what a backend of this package is held to: as many multiply-adds as its
// device makes on registers alone, by the path that it has chosen and by the others
// that the device has. What does not compile there is left out.
func Peaks(of compute.Backend) (all []compute.Peak) {
	b, ok := of.(*backend)
	if !ok {
		return nil
	}
	chosen, _ := b.Chosen()
	variants := []Variant{chosen}
	others, _ := candidates(b.about)
	seen := map[string]bool{chosen.Path: true}
	for _, v := range others {
		if !seen[v.Path] && b.config.ended.why(v) == "" && !b.config.ended.has(attemptPeak(v.Path)) {
			seen[v.Path] = true
			variants = append(variants, v)
		}
	}
	for _, v := range variants {
		all = append(all, compute.Peak{Name: v.Path, Run: func() float64 { return runPeak(b, v) }})
	}
	return all
}

// A workgroup of a peak has as many invocations as most devices like and nearly all have, and
// a dispatch enough of those for the largest.
const (
	peakInvocations = 256
	peakGroups      = 2048
	peakSums        = 32
	peakMatrices    = 8
	peakTime        = 300 * time.Millisecond
)

// runPeak returns the multiply-adds per second, 0 if the device refuses.
func runPeak(b *backend, v Variant) (rate float64) {
	_ = b.config.attempting(context.Background(), b.about, attemptPeak(v.Path), func() error {
		rate = dispatchPeak(b, v)
		return nil
	})
	return rate
}

// dispatchPeak dispatches until peakTime is over.
func dispatchPeak(b *backend, v Variant) float64 {
	e, err := openEngine(b.physical, v, nil, noHooks())
	if err != nil {
		return 0
	}
	defer e.retire()
	n := min(peakInvocations, int(b.physical.offer.invocations), int(b.physical.offer.size_x))
	k, perRound, err := e.peakKernel(v, n)
	if err != nil {
		return 0
	}
	defer k.destroy(e.device)
	sink, err := e.newBuffer(4*n, vk.BufferUsageStorageBufferBit, onDevice)
	if err != nil {
		return 0
	}
	defer sink.free()
	pool, set, result := createSet(e.device, k.set, sink.handle)
	if result != vk.Success {
		return 0
	}
	defer vk.DestroyDescriptorPool(e.device, pool, nil)
	c, err := e.newCommands()
	if err != nil {
		return 0
	}
	defer c.free()

	// The first dispatch is short, and shows how long a long one may be.
	rounds, groups, took := uint32(16), uint32(peakGroups), time.Duration(0)
	if b.about.IsCPU() {
		groups = 16
	}
	for took < peakTime {
		start := time.Now()
		err := c.once(func(commands vk.CommandBuffer) {
			k.bind(commands, set)
			vk.CmdPushConstants(commands, k.layout, vk.ShaderStageFlags(vk.ShaderStageComputeBit), 0, 4, unsafe.Pointer(&rounds))
			vk.CmdDispatch(commands, groups, 1, 1)
		})
		if err != nil {
			return 0
		}
		if took = time.Since(start); took < peakTime {
			rounds *= 2
		}
	}
	return perRound * float64(rounds) * float64(groups) / took.Seconds()
}

// peakKernel is a path's peak in so many invocations, with the multiply-adds that a workgroup
// of them makes in a round.
func (e *engine) peakKernel(v Variant, n int) (k *kernel, perRound float64, err error) {
	switch v.Path {
	case PathMatrix:
		k, err = e.newKernel(shaders.PeakMatrix, 1, 4, v.Subgroup, n, peakMatrices, v.M, v.N, v.K)
		perRound = float64(n / v.Subgroup * peakMatrices * v.M * v.N * v.K)
	case PathDot:
		k, err = e.newKernel(shaders.PeakDot, 1, 4, 0, n, peakSums)
		perRound = float64(4 * n * peakSums)
	default:
		k, err = e.newKernel(shaders.PeakMul, 1, 4, 0, n, peakSums)
		perRound = float64(n * peakSums)
	}
	return k, perRound, err
}

//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"fmt"
	"slices"

	vk "github.com/vulkan-go/vulkan"
)

// candidates are the variants to try on a device, those first that should be fastest.
func candidates(d Device) ([]Variant, error) {
	h, err := theHost()
	if err != nil {
		return nil, err
	}
	if d.Index < 0 || d.Index >= len(h.physicals) {
		return nil, fmt.Errorf("%w: number %d of %d", ErrNone, d.Index, len(h.physicals))
	}
	p := &h.physicals[d.Index]
	all := append(matrixCandidates(d, p), []Variant{
		{Path: PathDot, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1},
		{Path: PathDot, Rows: 128, TileRows: 8, TileWords: 2, Pad: 1},
		{Path: PathDot, Rows: 128, TileRows: 16, TileWords: 2, Pad: 1},
		{Path: PathDot, Rows: 256, TileRows: 16, TileWords: 2},
		{Path: PathDot, Rows: 32, TileRows: 4, TileWords: 2, Pad: 1},
		{Path: PathMul, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1},
		{Path: PathMul, Rows: 64, TileRows: 4, TileWords: 2, Pad: 1},
		{Path: PathMul, Rows: 32, TileRows: 4, TileWords: 2, Pad: 1},
	}...)
	return slices.DeleteFunc(all, func(v Variant) bool { return !d.path(v.Path).Usable || fits(&p.offer, v) != nil }), nil
}

// mostSums is how many sums an invocation may hold in registers.
const mostSums = 128

// matrixCandidates are the variants by matrix products, for the sizes that the device
// has.
func matrixCandidates(d Device, p *physical) (all []Variant) {
	if !d.path(PathMatrix).Usable {
		return nil
	}
	shapes, err := shapesOf(p)
	if err != nil || len(shapes) == 0 {
		return nil
	}
	for _, rows := range []int{64, 128, 256} {
		pad := 1
		if rows == 256 {
			pad = 0 // These are the 64 KiB that many cards have, and not a byte more.
		}
		for _, tile := range [][2]int{{2, 1}, {1, 1}, {4, 1}, {2, 2}} {
			for _, s := range shapes {
				v := Variant{
					Path: PathMatrix, Rows: rows, TileRows: tile[0], TileWords: tile[1], Pad: pad,
					M: s.m, N: s.n, K: s.k, Subgroup: int(p.offer.subgroup),
				}
				if v.check() == nil && tile[0]*tile[1]*4*s.m*s.n <= mostSums*v.Subgroup {
					all = append(all, v)
				}
			}
		}
	}
	return all
}

// shapesOf asks for the sizes of matrices, which takes a logical device.
func shapesOf(p *physical) ([]matrixShape, error) {
	device, result := createDevice(p.handle, &p.offer, needs{family: p.offer.family, matrix: 1, sized: 1})
	if err := failure("vkCreateDevice", result); err != nil {
		return nil, err
	}
	defer vk.DestroyDevice(device, nil)
	shapes, result := matrixShapes(p.handle)
	return shapes, failure("vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR", result)
}

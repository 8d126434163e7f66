//go:build cgo && (linux || windows) && (amd64 || arm64)

package vulkan

import (
	"fmt"

	vk "github.com/vulkan-go/vulkan"
)

// candidates are the variants to try on a device, those first that should be fastest. There
// is one, or an error that says what the device lacks.
func candidates(d Device) ([]Variant, error) {
	p, err := physicalOf(d)
	if err != nil {
		return nil, err
	}
	return fitting(d, &p.offer, append(matrixCandidates(d, p), []Variant{
		{Path: PathDot, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1},
		{Path: PathDot, Rows: 64, TileRows: 4, TileWords: 4, Pad: 1},
		{Path: PathDot, Rows: 64, TileRows: 2, TileWords: 4, Pad: 1},
		{Path: PathDot, Rows: 128, TileRows: 8, TileWords: 2, Pad: 1},
		{Path: PathDot, Rows: 128, TileRows: 16, TileWords: 2, Pad: 1},
		{Path: PathDot, Rows: 256, TileRows: 16, TileWords: 2},
		{Path: PathDot, Rows: 32, TileRows: 4, TileWords: 2, Pad: 1},
		{Path: PathDot, Rows: 16, TileRows: 4, TileWords: 2, Pad: 1},
		{Path: PathMul, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1},
		{Path: PathMul, Rows: 64, TileRows: 4, TileWords: 4, Pad: 1},
		{Path: PathMul, Rows: 64, TileRows: 4, TileWords: 2, Pad: 1},
		{Path: PathMul, Rows: 64, TileRows: 2, TileWords: 4, Pad: 1},
		{Path: PathMul, Rows: 32, TileRows: 4, TileWords: 2, Pad: 1},
		{Path: PathMul, Rows: 16, TileRows: 4, TileWords: 2, Pad: 1}, // It needs the least.
	}...))
}

// fitting are those of some variants that a device can run, or an error that says what it
// lacks for the last.
func fitting(d Device, o *offer, all []Variant) (fit []Variant, lacks error) {
	for _, v := range all {
		if path := d.path(v.Path); !path.Usable {
			lacks = fmt.Errorf("path %s: %s", v.Path, path.Reason)
		} else if lacks = fits(o, v); lacks == nil {
			fit = append(fit, v)
		}
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("vulkan: nothing works on %s (%s): %w", d.Name, d.Title, lacks)
	}
	return fit, nil
}

// physicalOf finds a device again.
func physicalOf(d Device) (*physical, error) {
	h, err := theHost()
	if err != nil {
		return nil, err
	}
	if d.Index < 0 || d.Index >= len(h.physicals) {
		return nil, fmt.Errorf("%w: number %d of %d", ErrNone, d.Index, len(h.physicals))
	}
	return &h.physicals[d.Index], nil
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

package vulkan

import "slices"

// SweepReport is the speed of every variant on a device.
type SweepReport struct {
	Device Device `json:"device"`
	// Peaks are the multiply-adds per second of each path on registers alone.
	Peaks    map[string]float64 `json:"peaks"`
	Variants []SweepVariant     `json:"variants"`
}

// SweepVariant is the speed of one variant.
type SweepVariant struct {
	Variant Variant `json:"variant"`
	Batch   int     `json:"batch,omitempty"`
	// HashesPerSecond is with one batch on the device at a time, and Part what that is of
	// the path's peak: above 1 where a compiler makes less of the peak's shader, as those of
	// drivers do that compute on the CPU.
	HashesPerSecond float64 `json:"hashes_per_second,omitempty"`
	Part            float64 `json:"part,omitempty"`
	// Error says why it cannot be used; a variant that computes wrong hashes has one.
	Error string `json:"error,omitempty"`
}

// grid are all variants of the paths without matrices.
func grid() (all []Variant) {
	for _, path := range []string{PathDot, PathMul} {
		for _, rows := range []int{16, 32, 64, 128, 256} {
			for _, tile := range [][2]int{{2, 2}, {4, 1}, {4, 2}, {4, 4}, {8, 1}, {8, 2}, {8, 4}, {16, 1}, {16, 2}} {
				for _, pad := range []int{0, 1} {
					v := Variant{Path: path, Rows: rows, TileRows: tile[0], TileWords: tile[1], Pad: pad}
					if n := v.invocations(); v.check() == nil && n >= 32 && n <= 1024 {
						all = append(all, v)
					}
				}
			}
		}
	}
	return all
}

// matrixGrid are all variants with some sizes of matrices.
func matrixGrid(shapes []matrixShape, subgroups []int) (all []Variant) {
	for _, rows := range []int{32, 64, 128, 256} {
		for _, tile := range [][2]int{{1, 1}, {2, 1}, {4, 1}, {1, 2}, {2, 2}, {4, 2}, {1, 4}} {
			for _, pad := range []int{0, 1} {
				for _, s := range shapes {
					for _, subgroup := range slices.Compact(subgroups) {
						v := Variant{
							Path: PathMatrix, Rows: rows, TileRows: tile[0], TileWords: tile[1], Pad: pad,
							M: s.m, N: s.n, K: s.k, Subgroup: subgroup,
						}
						if v.check() == nil {
							all = append(all, v)
						}
					}
				}
			}
		}
	}
	return all
}

package browser_test

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"slices"
)

// smaller is a picture of at most 256 colours: a third of the bytes, and nobody sees the
// difference.
func smaller(picture []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	bounds := full.Bounds()
	count := make(map[color.Color]int)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[full.At(x, y)]++
		}
	}
	palette := paletteOf(slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), compareColors(a, b))
	}))
	nearest := make(map[color.Color]uint8, len(count))
	for c := range count {
		nearest[c] = uint8(palette.Index(c))
	}
	few := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			few.SetColorIndex(x, y, nearest[full.At(x, y)])
		}
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err = encoder.Encode(&out, few)
	return out.Bytes(), err
}

// paletteOf picks 256 colours of those of a picture, the commonest first: all that are unlike
// those before, then the commonest of the others.
func paletteOf(all []color.Color) (palette color.Palette) {
	var others []color.Color
	for _, c := range all {
		if len(palette) > 0 && distance(c, palette.Convert(c)) < 20 || len(palette) == 256 {
			others = append(others, c)
			continue
		}
		palette = append(palette, c)
	}
	return append(palette, others[:min(len(others), 256-len(palette))]...)
}

// distance is how unlike two colours are, from 0 to 765.
func distance(a, b color.Color) int {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	d := func(x, y uint32) int { return int(max(x, y)-min(x, y)) >> 8 }
	return d(ar, br) + d(ag, bg) + d(ab, bb)
}

func compareColors(a, b color.Color) int {
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	return cmp.Or(cmp.Compare(ar, br), cmp.Compare(ag, bg), cmp.Compare(ab, bb))
}

package table

import "strings"

// The characters of a sparkline: the first is for zero, the others for what is above it.
// Pipes and files get what any program can read.
const (
	blocksRamp = "▁▂▃▄▅▆▇█"
	asciiRamp  = "_.:-=+*#"
)

// sparkline draws values between 0 and the greatest, each by a character. What is not known
// is a gap.
func sparkline(values []*float64, unicode bool) string {
	ramp := []rune(asciiRamp)
	if unicode {
		ramp = []rune(blocksRamp)
	}
	most := 0.0
	for _, v := range values {
		if v != nil {
			most = max(most, *v)
		}
	}
	var line strings.Builder
	for _, v := range values {
		switch {
		case v == nil:
			line.WriteRune(' ')
		case *v <= 0:
			line.WriteRune(ramp[0])
		default:
			top := len(ramp) - 1
			line.WriteRune(ramp[1+min(top-1, int(*v/most*float64(top)))])
		}
	}
	return strings.TrimRight(line.String(), " ")
}

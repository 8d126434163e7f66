package table

import (
	"math"
	"strconv"
	"time"

	"github.com/bytom-solo/bytom-solo/payout"
)

// dash is a text, or a dash for none.
func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// BTM is an amount, given in its smallest unit, as people write it.
func BTM(amount uint64) string { return payout.BTM(int64(amount)) }

// ago is how long a time is past. One that is still to come is of a clock that was
// ahead.
func ago(d time.Duration) string {
	if d < 0 {
		return "in " + (-d).String()
	}
	return d.String() + " ago"
}

func hashrate(perSecond float64) string { return metric(perSecond) + "H/s" }

// metric is a number with a prefix: 1234567 is "1.23 M".
func metric(v float64) string {
	prefix := 0
	for ; math.Abs(v) >= 999.5 && prefix < len(prefixes)-1; prefix++ {
		v /= 1000
	}
	text := strconv.FormatFloat(v, 'f', max(0, 2-int(math.Log10(max(1, math.Abs(v))))), 64)
	if prefix == 0 {
		return text + " "
	}
	return text + " " + prefixes[prefix:prefix+1]
}

const prefixes = " kMGTPE"

package node

import (
	"math"
	"strings"
	"testing"
)

func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		text   string
		places int
		units  uint64
		back   string
	}{
		{"0", 8, 0, "0"}, {"1", 8, 1e8, "1"}, {"0.00000001", 8, 1, "0.00000001"}, {"412.5", 8, 41250000000, "412.5"},
		{"007.50", 2, 750, "7.5"}, {"184467440737.09551615", 8, math.MaxUint64, "184467440737.09551615"}, {"12", 0, 12, "12"},
	} {
		units, err := parseDecimal(c.text, c.places)
		if err != nil || units != c.units || formatDecimal(units, c.places) != c.back {
			t.Errorf("%q with %d decimals: %d, %s, %v; expected %d, %s", c.text, c.places, units, formatDecimal(units, c.places), err, c.units, c.back)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "-1", "+1", "1e3", "0x1", "1_000", "1,5", "NaN", "1.000000001", "184467440737.09551616", "99999999999999999999", "1/3", " 1", "١"} {
		if units, err := parseDecimal(text, 8); err == nil || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%q is taken as %d: %v", text, units, err)
		}
	}
}

// FuzzDecimal: what is read is printed so that it reads the same.
func FuzzDecimal(f *testing.F) {
	f.Add("1.5", 8)
	f.Add("184467440737.09551615", 8)
	f.Fuzz(func(t *testing.T, text string, places int) {
		places = int(uint(places) % 9)
		units, err := parseDecimal(text, places)
		if err != nil {
			return
		}
		again, err := parseDecimal(formatDecimal(units, places), places)
		if err != nil || again != units {
			t.Errorf("%q is %d, which prints as %s and reads as %d: %v", text, units, formatDecimal(units, places), again, err)
		}
	})
}

package testnet

import (
	"math"
	"strings"
	"testing"
)

func TestParseBTM(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "412.5": 41250000000, "0.00000001": 1, "1e3": 1000e8, "184467440737.09551615": math.MaxUint64,
	} {
		if got, err := ParseBTM(text); err != nil || got != want {
			t.Errorf("%q: %d, %v, expected %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "much", "-1", "0.000000001", "184467440737.09551616", "1 BTM"} {
		if got, err := ParseBTM(text); err == nil || !strings.Contains(err.Error(), "expected BTM") {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestParseFees(t *testing.T) {
	for text, want := range map[string][2]uint64{"0.005..0.05": {500000, 5000000}, "1": {1e8, 1e8}} {
		if low, high, err := ParseFees(text); err != nil || low != want[0] || high != want[1] {
			t.Errorf("%q: %d to %d, %v, expected %v", text, low, high, err, want)
		}
	}
	for _, text := range []string{"a..1", "1..b", ""} {
		if _, _, err := ParseFees(text); err == nil || !strings.Contains(err.Error(), "LOW..HIGH") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

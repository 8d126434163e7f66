package wire

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/mining"
)

func replace(t *testing.T, text, from, to string) string {
	t.Helper()
	if !strings.Contains(text, from) {
		t.Fatalf("no %s in %s", from, text)
	}
	return strings.Replace(text, from, to, 1)
}

func TestTargetText(t *testing.T) {
	for _, c := range []struct {
		difficulty float64
		text       string
	}{
		{0, "ffffffff"}, {0.5, "ffffffff"}, {1, "ffffffff"}, {math.NaN(), "ffffffff"}, {math.Inf(-1), "ffffffff"},
		{512, "ffff7f00"}, {1024, "ffff3f00"}, {65537, "ffff0000"}, {100001, "c5a70000"}, {1050000, "fa0f0000"},
		{1 << 32, "01000000"}, {1e18, "01000000"}, {math.Inf(1), "01000000"},
	} {
		target := TargetFor(c.difficulty)
		back, err := ParseTarget(c.text)
		if target.String() != c.text || back != target || err != nil {
			t.Errorf("difficulty %g: %s, expected %s, read back as %s, %v", c.difficulty, target, c.text, back, err)
		}
	}
}

// TestTargetIsTheTopOfTheQuotient holds TargetFor to (2^256-1)/difficulty.
func TestTargetIsTheTopOfTheQuotient(t *testing.T) {
	top := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	check := func(d uint64) {
		q := new(big.Int).Div(top, new(big.Int).SetUint64(d))
		if want := Target(q.Rsh(q, 224).Uint64()); TargetFor(float64(d)) != want {
			t.Errorf("difficulty %d: %d, expected %d", d, TargetFor(float64(d)), want)
		}
	}
	for i := range 32 {
		check(1 << i)
		check(1<<i + 1)
	}
	for range 10000 {
		check(rand.Uint64N(1<<uint(1+rand.IntN(31))) + 1)
	}
}

func TestParseTarget(t *testing.T) {
	for _, c := range []struct {
		text string
		want Target
		err  string
	}{
		{"00008000", 0x800000, ""}, // 512 on the base 2^256
		{"C5A70000", 0xa7c5, ""},
		{"7f", 0x7f000000, ""},
		{"ff7f", 0x7fff0000, ""},
		{"ffffc5a70000", 0xa7c5, ""},
		{strings.Repeat("ff", 28) + "c5a70000", 0xa7c5, ""},
		{"", 0, "target is missing"},
		{"c5a", 0, `target is "c5a", expected 2 to 64 hexadecimal digits`},
		{strings.Repeat("ff", 33), 0, "expected 2 to 64"},
		{"0x000080", 0, "expected"},
		{"00000000", 0, "which nothing meets"},
	} {
		if got, err := ParseTarget(c.text); got != c.want || !says(err, c.err) {
			t.Errorf("%q: %x, %v", c.text, uint32(got), err)
		}
	}
}

func TestEffectiveDifficulty(t *testing.T) {
	for target, want := range map[Target]float64{0x800000: 512, 1 << 31: 2, 1: 1 << 32} {
		if got := target.Difficulty(); got != want {
			t.Errorf("%s: %g, expected %g", target, got, want)
		}
	}
	for d := 1.0; d < 1e6; d *= 1.3 {
		if got := TargetFor(d).Difficulty(); got < d*0.999 || got > d*1.001 {
			t.Errorf("difficulty %g became %g", d, got)
		}
	}
}

// TestNoBlockIsBelowACoveringTarget: whatever meets the network's target meets the
// covering one, compared with all bits.
func TestNoBlockIsBelowACoveringTarget(t *testing.T) {
	for i := range 2000 {
		network := mining.TargetFromBits(uint64(1+rand.IntN(0x22))<<56 | rand.Uint64N(1<<55))
		if i == 0 {
			network = mining.TargetFromBits(0x1d00000000047a1d) // top 4 of 4.477: a tenth of all blocks lie above it
			if top := TargetCovering(network); top != 5 {
				t.Errorf("covering %s is %d", network, top)
			}
		}
		covering := TargetCovering(network)
		var padded mining.Target
		for i := range 4 {
			padded[i] = byte(covering >> (24 - 8*i))
		}
		highest := [32]byte{} // the highest hash that is a block
		for i, b := range network {
			highest[31-i] = b
		}
		if !covering.Met(highest) || covering != math.MaxUint32 && !padded.Met(highest) {
			t.Fatalf("network %s, covering %x", network, uint32(covering))
		}
	}
}

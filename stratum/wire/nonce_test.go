package wire

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestParseNonce(t *testing.T) {
	for _, c := range []struct {
		text   string
		want   uint64
		digits int
		err    string
	}{
		{"0000783700000039", 0x783700000039, 16, ""},
		{"39", 0x39, 2, ""},
		{"0x00007837000000AB", 0x7837000000ab, 16, ""},
		{"0XAB", 0xab, 2, ""},
		{"ffffffffffffffff", 1<<64 - 1, 16, ""},
		{"bc000d41", 0xbc000d41, 8, ""},
		{"0", 0, 1, ""},
		{"", 0, 0, `nonce is missing, expected 1 to 16 hexadecimal digits`},
		{"0x", 0, 0, `nonce is "0x"`},
		{"00000783700000039", 0, 0, `nonce is`},
		{"-1", 0, 0, `nonce is "-1"`},
		{"+1", 0, 0, `nonce is "+1"`},
		{"1_0", 0, 0, `nonce is "1_0"`},
		{"zz", 0, 0, `nonce is "zz"`},
		{"12 ", 0, 0, `nonce is "12 "`},
	} {
		if got, digits, err := ParseNonce(c.text); got != c.want || digits != c.digits || !says(err, c.err) {
			t.Errorf("%q: %x with %d digits, %v", c.text, got, digits, err)
		}
	}
}

func TestNumbersAndNonces(t *testing.T) {
	for range 1000 {
		v := rand.Uint64()
		if back, err := ParseNumber(string(AppendNumber(nil, v))); back != v || err != nil {
			t.Fatalf("number %x came back as %x, %v", v, back, err)
		}
		if back, digits, err := ParseNonce(FormatNonce(v)); back != v || digits != 16 || err != nil {
			t.Fatalf("nonce %x came back as %x, %v", v, back, err)
		}
	}
	if got := string(AppendNumber(nil, 0x783700000000)); got != "0000000037780000" {
		t.Errorf("a job's nonce is %s", got)
	}
}

// palindromic reports whether a nonce has the same bytes in both orders.
func palindromic(nonce uint64) bool { return bits.ReverseBytes64(nonce) == nonce }

// TestStartNonceReadsTheSameBothWays is for rigs that take a job's nonce for a number
// with the highest byte first.
func TestStartNonceReadsTheSameBothWays(t *testing.T) {
	for range 1000 {
		prefix := rand.Uint32()
		start := StartNonce(prefix)
		wrong, _, err := ParseNonce(string(AppendNumber(nil, start)))
		if err != nil || wrong != start || !palindromic(start) || start>>63 != 0 || uint32(start>>32) != prefix&(1<<31-1) {
			t.Fatalf("prefix %x: start %x, read the wrong way %x, %v", prefix, start, wrong, err)
		}
	}
	if palindromic(0x783700000000) {
		t.Error("the example's nonce is no palindrome")
	}
}

func TestNoncesOfEightDigits(t *testing.T) {
	start := StartNonce(0x12345678)
	for text, want := range map[string][]uint64{
		"bc000d41":         {0x12345678bc000d41, 0xbc000d41},
		"0xBC000D41":       {0x12345678bc000d41, 0xbc000d41},
		"c000d41":          {0xc000d41},
		"12345678bc000d41": {0x12345678bc000d41},
		"00000000bc000d41": {0xbc000d41},
	} {
		if got, err := Nonces(start, text); !slices.Equal(got, want) || err != nil {
			t.Errorf("%s: %x, %v", text, got, err)
		}
	}
	if _, err := Nonces(start, "x"); err == nil {
		t.Error("x was taken")
	}
}

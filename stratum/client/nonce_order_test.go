package client

import (
	"log/slog"
	"testing"
)

// TestNonceOrderIsFoundOut reads a job's start nonce in both orders.
func TestNonceOrderIsFoundOut(t *testing.T) {
	for _, test := range []struct {
		name   string
		little uint64 // the nonce, read in the dialect's order
		want   uint64
	}{
		{"a palindrome", 0x1234567878563412, 0x1234567878563412},
		{"a start in the dialect's order", 0x0000783700000000, 0x0000783700000000},
		{"a start as a plain number", 0x0000000037780000, 0x0000783700000000},
		{"24 zeros are enough", 0x0000783701000000, 0x0000783701000000},
		{"23 are not, in either order", 0x1200783700800001, 0x1200783700800001},
		{"24, the other way around", 0x0000000137780000, 0x0000783701000000},
		{"23, the other way around", 0x0000800037780012, 0x0000800037780012},
		{"as many either way", 0x0000001122000000, 0x0000001122000000},
		{"more zeros win", 0x0000001100000000, 0x0000001100000000},
		{"bit 63 is left out", 0x8000000000000001, 1},
	} {
		r := &orderReader{log: slog.New(slog.DiscardHandler)}
		if got := r.read(test.little); got != test.want {
			t.Errorf("%s: %#016x read as %#016x, expected %#016x", test.name, test.little, got, test.want)
		}
	}
}

// TestNonceOrderIsGivenUp has the server refuse nonces as out of range.
func TestNonceOrderIsGivenUp(t *testing.T) {
	const little, big = 0x1200783700800001, 0x0100800037780012
	r := &orderReader{log: slog.New(slog.DiscardHandler)}
	expect := func(when string, want uint64) {
		t.Helper()
		if got := r.read(little); got != want {
			t.Errorf("%s: %#x, expected %#x", when, got, uint64(want))
		}
	}
	refuse := func(n int) {
		for range n {
			r.judged(true)
		}
	}
	expect("at first", little)
	refuse(1)
	expect("refused once", little)
	refuse(1)
	expect("refused twice", little)
	r.judged(false)
	refuse(2)
	expect("refused twice after one that was taken", little)
	refuse(1)
	expect("refused three times in a row", big)
	refuse(2)
	expect("then twice", big)
	refuse(1)
	expect("then three times", little)

	for name, r := range map[string]*orderReader{
		"the operator has said it": {log: r.log, said: true, order: NonceLittle},
		"no nonce differed":        {log: r.log},
	} {
		if r.said {
			r.read(little)
		}
		for range 10 {
			r.judged(true)
		}
		if got := r.read(little); got != little {
			t.Errorf("%s: %#x, expected %#x", name, got, uint64(little))
		}
	}
}

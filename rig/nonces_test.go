package rig

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestNoncesOfTheEnd takes more than there are.
func TestNoncesOfTheEnd(t *testing.T) {
	s := newNonces(space{7 << 8, 8}, 5)
	var got []string
	for range 4 {
		first, n := s.take(3)
		for i := range n {
			got = append(got, fmt.Sprintf("%x", s.at(first+uint64(i))))
		}
	}
	if text := strings.Join(got, " "); text != "705 706 707 700 701 702 703 704" || !s.spent() {
		t.Errorf("nonces %s, spent %v", text, s.spent())
	}
}

// TestNonceMemory forgets the oldest header, and no other.
func TestNonceMemory(t *testing.T) {
	m := newNonceMemory()
	of := func(i int) *nonces {
		h := types.BlockHeader{Version: 1, Height: uint64(i)}
		return m.get(mining.NewHeaders(&h), newNonces(space{0, 8}, 0))
	}
	all := make([]*nonces, memoryMost+1)
	for i := range memoryMost {
		all[i] = of(i)
	}
	for i := range memoryMost {
		if of(i) != all[i] {
			t.Fatalf("header %d is forgotten", i)
		}
	}
	all[memoryMost] = of(memoryMost)
	for i := 1; i <= memoryMost; i++ {
		if of(i) != all[i] {
			t.Fatalf("header %d is forgotten after another one", i)
		}
	}
	if of(0) == all[0] {
		t.Error("the oldest header is still known")
	}
	if len(m.of) != memoryMost || len(m.order) != memoryMost {
		t.Errorf("%d headers are kept, in an order of %d", len(m.of), len(m.order))
	}
}

// TestNoncesAreUsedUpOnce has works whose nonces end: each is hashed, none twice, and
// the source is asked for other work.
func TestNoncesAreUsedUpOnce(t *testing.T) {
	b := &recorder{hashed: make(map[[32]byte]int)}
	r := New(Config{Source: &stub{left: 5, bits: noneMeets, share: 1}, Devices: devicesOf(b)})
	during(t, r, func() error {
		if hashed, _ := b.counts(); hashed < 5<<10 {
			return fmt.Errorf("%d headers hashed", hashed)
		}
		return nil
	})
	if hashed, again := b.counts(); hashed != 5<<10 || again > 0 {
		t.Errorf("%d headers hashed, %d of them twice, expected %d", hashed, again, 5<<10)
	}
}

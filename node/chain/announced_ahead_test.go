package chain

import (
	"testing"

	"github.com/bytom/bytom/protocol/bc"
)

// TestAnnouncedAheadIsBounded has blocks announced far above the chain, and then the chain come to them.
func TestAnnouncedAheadIsBounded(t *testing.T) {
	var a announcedAhead
	id := func(n int) bc.Hash { return bc.Hash{V0: uint64(n)} }
	for n := range mostAhead {
		if !a.admit(id(n), 50, 10, unproved{}) {
			t.Fatalf("block %d ahead is kept out, expected room for %d", n, mostAhead)
		}
	}
	for _, test := range []struct {
		what         string
		id           int
		height, next uint64
		want         bool
	}{
		{"one more", 100, 50, 10, false},
		{"one of them again", 3, 50, 10, true},
		{"the next block", 101, 10, 10, true},
		{"an old block", 102, 9, 10, true},
		{"a block too far for Bytom to keep", 103, 10 + farthest + 1, 10, true},
		{"one more, as the chain is nearly there", 104, 51, 49, false},
		{"one more, as the chain is there", 105, 51, 50, true},
	} {
		if got := a.admit(id(test.id), test.height, test.next, unproved{}); got != test.want {
			t.Errorf("%s: admitted %v, expected %v", test.what, got, test.want)
		}
	}
	if n := len(a.blocks); n != 1 {
		t.Errorf("%d blocks are kept, expected the one that is ahead", n)
	}
}

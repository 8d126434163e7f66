package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPictureIsWhatTheProgramDraws on any machine.
func TestPictureIsWhatTheProgramDraws(t *testing.T) {
	all, err := income()
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", picture))
	if err != nil {
		t.Fatal(err)
	}
	if got := draw(all); !bytes.Equal(got, want) {
		t.Errorf("%s has %d bytes, and is not the %d bytes that are drawn now: make payouts-plot", picture, len(want), len(got))
	}
}

// TestIncomes: solo pays whole blocks less the fee, pps what the work is worth, and the others
// not far from it. None ever takes back.
func TestIncomes(t *testing.T) {
	all, err := income()
	if err != nil {
		t.Fatal(err)
	}
	if n := all.last("solo"); n == 0 || n%(reward/100*99) != 0 {
		t.Errorf("solo pays %d neu, expected whole blocks less 1 %%", n)
	}
	const due = blocks * reward / 100 * 99 / every
	if n := all.last("pps"); n < due-2 || n > due {
		t.Errorf("pps pays %d neu, expected %d", n, uint64(due))
	}
	for s, kept := range map[string]uint64{"pplns": 0, "dgm": 2} {
		// Half a window is not paid yet, and the pool's luck is of two hundred blocks.
		least, most := due/100*(100-kept)*85/100, due/100*(100-kept)*115/100
		if n := all.last(s); n < least || n > most {
			t.Errorf("%s pays %d neu, expected %d to %d", s, n, least, most)
		}
	}
	for _, s := range schemes {
		if len(all.paid[s]) != blocks*perBlock {
			t.Fatalf("%s: %d shares", s, len(all.paid[s]))
		}
		for i, sum := range all.paid[s][1:] {
			if sum < all.paid[s][i] {
				t.Fatalf("%s takes back at share %d", s, i+1)
			}
		}
	}
}

// TestThePageSaysWhatThePictureShows holds docs/payouts.md to it.
func TestThePageSaysWhatThePictureShows(t *testing.T) {
	all, err := income()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "payouts.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(raw)), " ")
	for _, want := range []string{
		fmt.Sprintf("One owner with %d %% of a pool's work, %d blocks' worth of it", 100/every, blocks),
		fmt.Sprintf("solo has paid %s BTM, pplns %s, dgm %s and pps %s.", btm(all.last("solo")), btm(all.last("pplns")), btm(all.last("dgm")), btm(all.last("pps"))),
		fmt.Sprintf("The pool found %d blocks", len(all.found)),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("docs/payouts.md does not say %q", want)
		}
	}
}

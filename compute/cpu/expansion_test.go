//go:build cgo

package cpu

import (
	"bytes"
	"crypto/sha3"
	"encoding/hex"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/pin"
)

// forExpansions runs a test for each expansion, and says which cannot run here.
func forExpansions(t *testing.T, test func(t *testing.T, expansion int)) {
	for i, e := range Expansions() {
		t.Run(e.Name, func(t *testing.T) {
			if !e.Usable {
				computetest.Require(t, e.Name, e.Reason)
			}
			test(t, i)
		})
	}
}

// TestExpansion compares all matrices of a seed with the reference's, which a
// hash does not: it reads about half of them.
func TestExpansion(t *testing.T) {
	seed := [32]byte{1, 2, 3}
	want := matricesBytes(unsafe.Pointer(compute.NewMatrices(seed).Matrix(0)))
	b := newBackend(t, "portable").(*backend)
	own := ownSeed(t, b)
	forExpansions(t, func(t *testing.T, expansion int) {
		b.expansion = expansion
		clear(matricesBytes(own))
		b.fill(own, seed)
		if got := matricesBytes(own); !bytes.Equal(got, want) {
			t.Fatalf("differs from the reference first at byte %d", firstDifference(got, want))
		}
	})
}

// TestRandomExpansions compares what random seeds give with the portable expansion's.
func TestRandomExpansions(t *testing.T) {
	seeds := 3
	if computetest.Long() {
		seeds = 10_000
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range pin.Cores() {
		want, got := make([]byte, parts[len(parts)-1]*roundSize), make([]byte, parts[len(parts)-1]*roundSize)
		group.Go(func() {
			for n := next.Add(1); n <= int64(seeds) && !t.Failed(); n = next.Add(1) {
				compareExpansions(t, want, got)
				if n%1000 == 0 {
					t.Logf("%d seeds", n)
				}
			}
		})
	}
	group.Wait()
}

// compareExpansions expands a random seed in every way, and the first into want.
func compareExpansions(t *testing.T, want, got []byte) {
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	for i, e := range Expansions() {
		if !e.Usable {
			continue
		}
		to := got
		if i == 0 {
			to = want
		}
		state := beginning(seed)
		expand(i, unsafe.Pointer(&to[0]), &state, 0, parts[len(parts)-1])
		if !bytes.Equal(to, want) {
			t.Errorf("%s, seed %x: differs from the portable expansion first at byte %d", e.Name, seed, firstDifference(to, want))
		}
	}
}

// TestTrialDigest: the digest that expansions are held to is of the reference's matrices.
func TestTrialDigest(t *testing.T) {
	digest := sha3.Sum256(matricesBytes(unsafe.Pointer(compute.NewMatrices([32]byte{}).Matrix(0)))[:trialRounds*roundSize])
	if want := hex.EncodeToString(digest[:]); trialDigest != want {
		t.Errorf("the digest is %s, of the reference %s", trialDigest, want)
	}
}

// TestWrongExpansionIsStruck has the fastest expansion, and then all, write one wrong byte.
func TestWrongExpansionIsStruck(t *testing.T) {
	for wrong := range 3 { // so many of two
		all := []trial{{name: "slow"}, {name: "fast"}}
		tryAll(all, func(i int, matrices []byte, state *seedState) {
			expand(0, unsafe.Pointer(&matrices[0]), state, 0, 1)
			if i == 0 {
				time.Sleep(5 * time.Millisecond)
			}
			if i >= 2-wrong {
				matrices[len(matrices)-1] ^= 1
			}
		})
		var text bytes.Buffer
		got, err := chooseExpansion(Config{Log: slog.New(slog.NewTextHandler(&text, nil))}, all)
		if want := 1 - wrong; want >= 0 && (err != nil || got != want) {
			t.Errorf("%d wrong: chose %d, %v", wrong, got, err)
		} else if want < 0 && (err == nil || !strings.Contains(err.Error(), "slow") || !strings.Contains(err.Error(), "fast")) {
			t.Errorf("all wrong: %v", err)
		}
		if lines := strings.Count(text.String(), "expansion is not used"); lines != wrong {
			t.Errorf("%d wrong: the log says\n%s", wrong, &text)
		}
	}
}

// TestNamedExpansion: what is named is used, though another is faster, and not if it is wrong.
func TestNamedExpansion(t *testing.T) {
	forExpansions(t, func(t *testing.T, expansion int) {
		name := expansionNames[expansion]
		b, err := New(Config{Kernel: "portable", Expansion: name})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		t.Setenv(ExpansionVariable, name)
		for _, b := range []compute.Backend{b, newBackend(t, "portable")} {
			if got := b.Info().Expansion; got != name {
				t.Errorf("the expansion is %s", got)
			}
		}
	})
	all := []trial{{name: "portable", wrong: true, reason: errNoMemory}}
	if _, err := chooseExpansion(Config{Expansion: "portable"}, all); err == nil || !strings.Contains(err.Error(), "portable") {
		t.Errorf("a wrong one: %v", err)
	}
}

func TestBenchExpansions(t *testing.T) {
	all, err := BenchExpansions()
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for _, e := range all {
		if e.Used {
			used++
		}
		if e.Milliseconds <= 0 || e.Cycles <= compute.SalsaFloor/4 { // some processors are ahead of "an operation takes a cycle"
			t.Errorf("%+v", e)
		}
	}
	if used != 1 {
		t.Errorf("%d are in use: %+v", used, all)
	}
}

//go:build cgo

package cpu

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// TestLadderLeavesOutWhatFails has self-tests fail from the fastest kernel down.
func TestLadderLeavesOutWhatFails(t *testing.T) {
	var usable []int
	for i, k := range Kernels() {
		if k.Usable {
			usable = append(usable, i)
		}
	}
	slices.Reverse(usable)
	broken := errors.New("computes wrong hashes")
	for failing := range len(usable) + 1 {
		var text bytes.Buffer
		config := Config{Log: slog.New(slog.NewTextHandler(&text, nil))}
		isa, err := choose(config, func(isa int) error {
			if slices.Contains(usable[:failing], isa) {
				return broken
			}
			return nil
		})
		switch {
		case failing == len(usable):
			if !errors.Is(err, broken) {
				t.Errorf("all fail: got kernel %d, %v", isa, err)
			}
		case err != nil || isa != usable[failing]:
			t.Errorf("%d fail: got kernel %d, %v", failing, isa, err)
		}
		if lines := strings.Count(text.String(), "kernel is not used"); lines != failing {
			t.Errorf("%d fail: the log says\n%s", failing, &text)
		}
	}
}

func TestNamedKernelThatFails(t *testing.T) {
	broken := errors.New("computes wrong hashes")
	_, err := choose(Config{Kernel: "portable"}, func(int) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// TestChoice has New choose: the fastest kernel that runs here and that the caller's
// environment allows.
func TestChoice(t *testing.T) {
	most, err := kernelCap()
	if err != nil {
		t.Fatal(err)
	}
	var want string
	for _, k := range Kernels()[:most+1] {
		if k.Usable {
			want = k.Name
		}
	}
	if got := newBackend(t, "").Info().Kernel; got != want {
		t.Errorf("the kernel is %s, expected %s", got, want)
	}
	t.Logf("the kernel is %s", want)
}

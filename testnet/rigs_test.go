package testnet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

func TestRigsRequests(t *testing.T) {
	for part, r := range map[string]RigsRequest{
		"0 rigs": {}, "10001 rigs": {Count: 10001}, "rate -1": {Count: 1, Rate: -1}, "difficulty 0.5": {Count: 1, Difficulty: 0.5}, `dialect "x"`: {Count: 1, Dialect: "x"},
		"faults of": {Count: 1, Faults: fakerig.Faults{Stale: 1}},
	} {
		if err := r.check(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%+v: error %v, expected one with %q", r, err, part)
		}
	}
}

// TestRigsEndByThemselves takes the network away from under them.
func TestRigsEndByThemselves(t *testing.T) {
	n := &Network{Dir: t.TempDir(), Rigs: []*RigBatch{{Number: 3}, {Number: 4}}}
	if err := n.save(); err != nil {
		t.Fatal(err)
	}
	ended := func(number int) <-chan struct{} {
		done := make(chan struct{})
		go func() {
			n.gone(t.Context(), number)
			close(done)
		}()
		return done
	}
	removed, orphan := ended(5), ended(4)
	select {
	case <-removed:
	case <-time.After(30 * time.Second):
		t.Fatal("rigs that the network has no more do not end")
	}
	select {
	case <-orphan:
		t.Fatal("rigs of a node that may come back have ended")
	default:
	}
	if err := os.Remove(filepath.Join(n.Dir, stateFile)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-orphan:
	case <-time.After(30 * time.Second):
		t.Fatal("rigs do not end with the network")
	}
}

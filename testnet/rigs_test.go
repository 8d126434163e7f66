package testnet

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseRigFaults(t *testing.T) {
	for text, want := range map[string]RigFaults{
		"":                                       {},
		"stale:5%,dup:1%,garbage,disconnect:30s": {Stale: 0.05, Duplicate: 0.01, Garbage: usualFault, Disconnect: 30 * time.Second},
		" low:0.25 , invalid:2.5%":               {Low: 0.25, Invalid: 0.025},
		"disconnect":                             {Disconnect: usualDisconnect},
	} {
		if got, err := ParseRigFaults(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v, expected %+v", text, got, err, want)
		}
	}
	for text, part := range map[string]string{
		"late": `fault "late"`, "stale:x": `fault stale: value "x"`, "stale:-1%": "faults of", "stale:60%,dup:60%": "faults of",
		"disconnect:1": `fault disconnect: value "1"`, "stale:": `fault stale: value ""`, "stale:NaN": "faults of", ":5%": `fault ""`,
	} {
		if f, err := ParseRigFaults(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %+v, error %v, expected one with %q", text, f, err, part)
		}
	}
}

// TestRigFaultsAtTheirRates draws what follows good shares, as a rig does.
func TestRigFaultsAtTheirRates(t *testing.T) {
	f := RigFaults{Stale: 0.2, Duplicate: 0.1, Low: 0.05, Invalid: 0.02, Garbage: 0.3}
	random := rand.New(rand.NewPCG(1, 1))
	count, all := make(map[rigSend]float64), 0.0
	for range 100_000 {
		send := sendGood
		for count[send]++; ; count[send]++ {
			all++
			if send = f.draw(random.Float64()); send == sendGood {
				break
			}
		}
	}
	for i, want := range append([]float64{0.33}, f.rates()...) {
		if got := count[rigSend(i)] / all; math.Abs(got-want) > 0.005 {
			t.Errorf("%.3f of what is sent is of kind %d, expected %v", got, i, want)
		}
	}
}

func TestRigsRequests(t *testing.T) {
	for part, r := range map[string]RigsRequest{
		"0 rigs": {}, "10001 rigs": {Count: 10001}, "rate -1": {Count: 1, Rate: -1}, `dialect "x"`: {Count: 1, Dialect: "x"},
		"faults of": {Count: 1, Faults: RigFaults{Stale: 1}},
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

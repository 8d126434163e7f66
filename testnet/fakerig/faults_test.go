package fakerig

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestParseRigFaults(t *testing.T) {
	for text, want := range map[string]Faults{
		"":                                       {},
		"stale:5%,dup:1%,garbage,disconnect:30s": {Stale: 0.05, Duplicate: 0.01, Garbage: usualFault, Disconnect: 30 * time.Second},
		" low:0.25 , invalid:2.5%":               {Low: 0.25, Invalid: 0.025},
		"disconnect":                             {Disconnect: usualTime},
		"slow:2m,mute":                           {Slow: 2 * time.Minute, Mute: usualTime},
	} {
		if got, err := ParseFaults(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v, expected %+v", text, got, err, want)
		}
	}
	for text, part := range map[string]string{
		"late": `fault "late"`, "stale:x": `fault stale: value "x"`, "stale:-1%": "faults of", "stale:60%,dup:60%": "faults of",
		"disconnect:1": `fault disconnect: value "1"`, "stale:": `fault stale: value ""`, "slow:1ms": `fault slow: value "1ms"`, "stale:NaN": "faults of", ":5%": `fault ""`,
	} {
		if f, err := ParseFaults(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %+v, error %v, expected one with %q", text, f, err, part)
		}
	}
}

// TestRigFaultsAtTheirRates draws what follows good shares, as a rig does.
func TestRigFaultsAtTheirRates(t *testing.T) {
	f := Faults{Stale: 0.2, Duplicate: 0.1, Low: 0.05, Invalid: 0.02, Garbage: 0.3}
	random := rand.New(rand.NewPCG(1, 1))
	count, all := make(map[sending]float64), 0.0
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
		if got := count[sending(i)] / all; math.Abs(got-want) > 0.005 {
			t.Errorf("%.3f of what is sent is of kind %d, expected %v", got, i, want)
		}
	}
}

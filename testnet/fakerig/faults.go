package fakerig

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Faults say what rigs do wrong. Each rate is a part, 0 to 1, of all that they
// send.
type Faults struct {
	// Stale shares are of the former tip, Duplicate ones were sent before, Low ones miss
	// their target, Invalid ones have no nonce, too large a one, or a job that there
	// never was. Garbage is lines that are no messages.
	Stale     float64 `json:"stale,omitempty"`
	Duplicate float64 `json:"dup,omitempty"`
	Low       float64 `json:"low,omitempty"`
	Invalid   float64 `json:"invalid,omitempty"`
	Garbage   float64 `json:"garbage,omitempty"`
	// Disconnect is the time between two losses of the connection; 0 is never.
	Disconnect time.Duration `json:"disconnect,omitempty"`
	// Slow and Mute are how long after its start a rig falls to half its rate, or goes on
	// without sending a share; 0 is never.
	Slow time.Duration `json:"slow,omitempty"`
	Mute time.Duration `json:"mute,omitempty"`
}

// usualFault is the rate of a fault that was given none.
const usualFault = 0.05

// usualTime is the time of a disconnect, and of the others that have one, that was given
// none.
const usualTime = 30 * time.Second

// ParseFaults reads faults, as in stale:5%,dup:1%,garbage,disconnect:30s.
func ParseFaults(text string) (f Faults, err error) {
	for _, part := range strings.Split(text, ",") {
		name, value, given := strings.Cut(strings.TrimSpace(part), ":")
		if name == "" && !given {
			continue
		}
		if after := map[string]*time.Duration{"disconnect": &f.Disconnect, "slow": &f.Slow, "mute": &f.Mute}[name]; after != nil {
			*after = usualTime
			if given {
				if *after, err = time.ParseDuration(value); err != nil || *after < time.Second {
					return f, fmt.Errorf("fault %s: value %q: expected a duration of a second or more, as in 30s", name, value)
				}
			}
			continue
		}
		rate := map[string]*float64{
			"stale": &f.Stale, "dup": &f.Duplicate, "low": &f.Low, "invalid": &f.Invalid, "garbage": &f.Garbage,
		}[name]
		if rate == nil {
			return f, fmt.Errorf("fault %q: expected stale, dup, low, invalid, garbage, disconnect, slow or mute", name)
		}
		*rate = usualFault
		if given {
			if *rate, err = parsePercent(value); err != nil {
				return f, fmt.Errorf("fault %s: value %q: expected a part, as in 5%% or 0.05", name, value)
			}
		}
	}
	return f, f.Check()
}

func parsePercent(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	return v, err
}

// rates are the faults that are sent, in the order of rigSends behind sendGood.
func (f Faults) rates() []float64 {
	return []float64{f.Stale, f.Duplicate, f.Low, f.Invalid, f.Garbage}
}

// Check refuses rates that leave no room for good shares.
func (f Faults) Check() error {
	sum := 0.0
	for _, rate := range f.rates() {
		sum += rate
		if !(rate >= 0) {
			sum = math.Inf(1)
		}
	}
	if sum > 0.9 {
		return fmt.Errorf("faults of %g %% in all: expected 0 to 90 %%", 100*sum)
	}
	return nil
}

// sending is what a rig sends on purpose.
type sending int

const (
	sendGood sending = iota
	sendStale
	sendDuplicate
	sendLow
	sendInvalid
	sendGarbage
)

// draw chooses the fault that follows a good share by a random number from 0 to 1;
// sendGood is none. Faults may follow faults, so that each has its part of the whole.
func (f Faults) draw(random float64) sending {
	for i, rate := range f.rates() {
		if random -= rate; random < 0 {
			return sendStale + sending(i)
		}
	}
	return sendGood
}

package scheme

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
)

// PPS keeps what pay per share owes and has not been credited yet: fractions of a neu. A PPS
// is for one goroutine.
type PPS struct{ owed map[string]*big.Int } // in units of 1/ppsUnit neu

// ppsUnit is how many parts a neu has: 2⁶⁴ of work by 10⁴ of the fee.
var ppsUnit = new(big.Int).Mul(new(big.Int).Lsh(big.NewInt(1), 64), big.NewInt(allBP))

// NewPPS returns a state in which nothing is owed.
func NewPPS() *PPS { return &PPS{make(map[string]*big.Int)} }

// Share adds (1−f)·u·B for an owner: the work in 2⁻⁶⁴ blocks, the reward B in neu, the fee f
// in hundredths of a percent.
func (p *PPS) Share(owner string, work, reward uint64, feeBP uint32) {
	due := new(big.Int).SetUint64(work)
	due.Mul(due, new(big.Int).SetUint64(reward)).Mul(due, big.NewInt(int64(allBP-feeBP)))
	if old := p.owed[owner]; old != nil {
		due.Add(due, old)
	}
	p.owed[owner] = due
}

// Take returns the whole neu that are owed, and keeps the fractions.
func (p *PPS) Take() map[string]uint64 {
	all := make(map[string]uint64)
	for owner, due := range p.owed {
		whole := new(big.Int)
		if whole.QuoRem(due, ppsUnit, due); whole.Sign() > 0 {
			all[owner] = whole.Uint64()
		}
		if due.Sign() == 0 {
			delete(p.owed, owner)
		}
	}
	return all
}

// MarshalJSON is the whole state.
func (p *PPS) MarshalJSON() ([]byte, error) {
	state := make(map[string]string, len(p.owed))
	for owner, due := range p.owed {
		state[owner] = due.Text(16)
	}
	return json.Marshal(state)
}

// UnmarshalJSON is MarshalJSON's reverse.
func (p *PPS) UnmarshalJSON(raw []byte) error {
	var state map[string]string
	if err := json.Unmarshal(raw, &state); err != nil {
		return fmt.Errorf("what pps owes: %w", err)
	}
	fresh := NewPPS()
	for owner, text := range state {
		due, err := parseFixed(text)
		if err != nil {
			return fmt.Errorf("what pps owes %q: %w", owner, err)
		}
		if !new(big.Int).Quo(due, ppsUnit).IsUint64() {
			return fmt.Errorf("what pps owes %q: %.40q...: expected less than 2^64 neu", owner, text)
		}
		fresh.owed[owner] = due
	}
	*p = *fresh
	return nil
}

// RuinProbability is the probability that an operator who pays by share ever runs out of a
// reserve, both of it and the fee relative: the reserve in blocks' rewards, the fee as a
// fraction. It is e^(−θR) with θ the positive root of (1−f)θ = 1 − e^(−θ): the exponent at
// which e^(−θ·wealth) is a martingale, as each block's worth of work costs 1−f and a block,
// which comes after an exponential time, brings 1. Without a fee it is 1.
func RuinProbability(reserveBlocks, fee float64) float64 {
	return math.Exp(-ruinExponent(fee) * max(0, reserveBlocks))
}

// ReserveFor is the reserve, in blocks' rewards, with which the probability of ruin is delta.
// Rosenfeld's approximation (2011, section 2.2) is ReserveApprox.
func ReserveFor(delta, fee float64) float64 { return -math.Log(delta) / ruinExponent(fee) }

// ReserveApprox is ln(1/δ)/(2f), for a small fee.
func ReserveApprox(delta, fee float64) float64 { return -math.Log(delta) / (2 * fee) }

// ruinExponent is θ, by bisection: (1−f)θ − 1 + e^(−θ) is below 0 up to the root, above it
// beyond; at 1/(1−f) it is above.
func ruinExponent(fee float64) float64 {
	if fee <= 0 {
		return 0
	}
	if fee >= 1 {
		return math.Inf(1)
	}
	low, high := 0.0, 1/(1-fee)
	for range 200 {
		if middle := (low + high) / 2; (1-fee)*middle-1+math.Exp(-middle) < 0 {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

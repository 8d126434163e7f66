package stratum

import "sync"

// shareBudget divides among all sessions the shares that the node can afford to verify:
// each costs it a Tensority hash. Its methods are safe for concurrent use, and a nil
// one has no limit.
type shareBudget struct {
	mu       sync.Mutex
	rate     float64 // shares per second for all
	sessions map[*vardiff]demand
	steady   float64 // the demands' sums
	extra    float64
}

// demand is what a session would like, in shares per second.
type demand struct {
	steady float64 // for good
	extra  float64 // on top of it, while it is being measured
}

// newShareBudget allows a number of shares per second for all sessions together; 0 or
// less sets no limit.
func newShareBudget(sharesPerSecond float64) *shareBudget {
	return &shareBudget{rate: sharesPerSecond, sessions: make(map[*vardiff]demand)}
}

// set replaces what a session would like.
func (b *shareBudget) set(v *vardiff, d demand) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	old := b.sessions[v]
	b.steady += d.steady - old.steady
	b.extra += d.extra - old.extra
	if b.sessions[v] = d; d == (demand{}) {
		delete(b.sessions, v)
	}
	if len(b.sessions) == 0 {
		b.steady, b.extra = 0, 0 // Rounding leaves a rest.
	}
}

// grant is what a session gets: the steady demands come first, all cut alike where
// they are too much, and what they leave is for those that are being measured.
func (b *shareBudget) grant(d demand) float64 {
	if b == nil {
		return d.steady + d.extra
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate <= 0 {
		return d.steady + d.extra
	}
	if b.steady >= b.rate {
		return d.steady * b.rate / b.steady
	}
	return d.steady + d.extra*min(1, (b.rate-b.steady)/max(b.extra, d.extra, 1e-9))
}

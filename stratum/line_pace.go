package stratum

import (
	"sync"
	"time"
)

// A session's lines are handled at a pace: so many a second of its own, and more while all sessions
// together have some to spare. What comes faster waits in its socket. Rigs at their pace never wait;
// thousands that send whatever they can would else take all cores from them.
const (
	ownLines, ownLinesBurst       = 4, 32      // a second, and at once
	sharedLines, sharedLinesBurst = 2000, 2000 // of all that exceed their own
)

// linePace is lines that may be handled: as many as have come together since the latest, up to a
// burst. It is not safe for concurrent use.
type linePace struct {
	rate, burst float64
	spent       float64 // of the burst
	at          time.Time
}

// take takes one, or returns how long it is until there is one.
func (p *linePace) take(now time.Time) time.Duration {
	p.spent = max(0, p.spent-p.rate*now.Sub(p.at).Seconds())
	p.at = now
	if over := p.spent + 1 - p.burst; over > 0 {
		return time.Duration(over / p.rate * float64(time.Second))
	}
	p.spent++
	return 0
}

// sharedPace is what sessions take from that exceed their own.
type sharedPace struct {
	mu   sync.Mutex
	pace linePace
}

func (p *sharedPace) take(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pace.take(now) == 0
}

// await waits until the session may handle a line; false if it has ended.
func (s *session) await() bool {
	for {
		now := time.Now()
		wait := s.own.take(now)
		if wait <= 0 || s.server.shared.take(now) {
			return true
		}
		select {
		case <-time.After(wait):
		case <-s.done:
			return false
		}
	}
}

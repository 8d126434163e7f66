package node

import (
	"sync"
	"time"
)

// seldom has the log tell what others bring about as often as they like: each kind once an
// hour, and so many kinds. The zero value is ready, and safe for concurrent use.
type seldom struct {
	mu    sync.Mutex
	since time.Time
	told  map[string]bool
}

const (
	// seldomAgain is when a kind is told again, and seldomMost how many are until then.
	seldomAgain = time.Hour
	seldomMost  = 64
)

// due tells whether a kind is to be told now.
func (s *seldom) due(kind string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told == nil || now.Sub(s.since) >= seldomAgain {
		s.since, s.told = now, make(map[string]bool)
	}
	if s.told[kind] || len(s.told) >= seldomMost {
		return false
	}
	s.told[kind] = true
	return true
}

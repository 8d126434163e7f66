package node

import (
	"sync"
	"time"
)

// logLimit has the log tell what others bring about as often as they like: each kind once an
// hour, and so many kinds. The zero value is ready, and safe for concurrent use.
type logLimit struct {
	mu     sync.Mutex
	since  time.Time
	logged map[string]bool
}

const (
	// logLimitPeriod is when a kind is told again, and seldomMost how many are until then.
	logLimitPeriod = time.Hour
	logLimitKinds  = 64
)

// allow tells whether a kind is to be told now.
func (s *logLimit) allow(kind string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.logged == nil || now.Sub(s.since) >= logLimitPeriod {
		s.since, s.logged = now, make(map[string]bool)
	}
	if s.logged[kind] || len(s.logged) >= logLimitKinds {
		return false
	}
	s.logged[kind] = true
	return true
}

package node

import (
	"sync"
	"time"
)

// logLimit bounds log lines that others can cause as often as they like: each kind once an
// hour, and so many kinds. The zero value is ready, and safe for concurrent use.
type logLimit struct {
	mu     sync.Mutex
	since  time.Time
	logged map[string]bool
}

const (
	// logLimitPeriod is when a kind is logged again, and logLimitKinds how many kinds are
	// logged until then.
	logLimitPeriod = time.Hour
	logLimitKinds  = 64
)

// allow reports whether a line of a kind is to be logged now.
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

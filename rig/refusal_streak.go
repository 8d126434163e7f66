package rig

import "time"

const (
	// streakLength is how many shares in a row are refused, or have no reply, before the
	// source counts as one that refuses all, and streakTime how long it takes at least: a
	// fast rig may have as many on their way when the tip or the difficulty changes.
	streakLength = 8
	streakTime   = 5 * time.Second
)

// refusalStreak counts refusals in a row.
type refusalStreak struct {
	count int // of this round
	since time.Time
	// rounds is how often they were many enough to do something about it.
	rounds int
}

// refused counts one more, and reports whether a round is full: then the next begins.
func (s *refusalStreak) refused(now time.Time) bool {
	if s.count == 0 {
		s.since = now
	}
	if s.count++; s.count < streakLength || now.Sub(s.since) < streakTime {
		return false
	}
	s.end()
	return true
}

// end ends a round, whatever its count.
func (s *refusalStreak) end() {
	s.count = 0
	s.rounds++
}

// taken ends the streak, and reports whether it was one.
func (s *refusalStreak) taken() bool {
	was := s.rounds > 0
	*s = refusalStreak{}
	return was
}

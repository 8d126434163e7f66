package rig

import "time"

const (
	// steadyMost is how many shares in a row are refused, or have no reply, before that is
	// what becomes of them all, and steadyTime how long it takes at least: a fast rig may
	// have as many on their way when the tip or the difficulty changes.
	steadyMost = 8
	steadyTime = 5 * time.Second
)

// streak counts refusals between which nothing was taken.
type streak struct {
	count int // of this round
	since time.Time
	// rounds is how often they were many enough to do something about it.
	rounds int
}

// refused counts one more, and tells whether a round is full: then the next begins.
func (s *streak) refused(now time.Time) bool {
	if s.count == 0 {
		s.since = now
	}
	if s.count++; s.count < steadyMost || now.Sub(s.since) < steadyTime {
		return false
	}
	s.end()
	return true
}

// end ends a round, whatever its count.
func (s *streak) end() {
	s.count = 0
	s.rounds++
}

// taken ends the streak, and tells whether it was one.
func (s *streak) taken() bool {
	was := s.rounds > 0
	*s = streak{}
	return was
}

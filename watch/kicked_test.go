package watch

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestPoolThatEndsSessions ends each after 25 seconds, as pools do with who sends no shares. It is ahead all the
// time, and by more and more.
func TestPoolThatEndsSessions(t *testing.T) {
	play(t, 10, func(s *scene) {
		for theirs := uint64(12); time.Since(s.start) < time.Hour; theirs++ {
			s.pass(work('b', theirs), 25*time.Second)
			s.says <- errors.New("no shares in 25 seconds")
		}
		if got := s.told(); !strings.HasPrefix(got, "others-ahead at ") || strings.Contains(got, ",") {
			t.Errorf("alarms: %q, expected others-ahead alone", got)
		}
	})
}

// TestPoolThatEndsSessionsAtOnce ends each within a second, behind its first job. It is ahead all the time, too.
func TestPoolThatEndsSessionsAtOnce(t *testing.T) {
	play(t, 10, func(s *scene) {
		for theirs := uint64(12); time.Since(s.start) < time.Hour; theirs++ {
			s.pass(work('b', theirs), time.Second/2)
			s.says <- errors.New("no shares in half a second")
		}
		if got := s.told(); !strings.HasPrefix(got, "others-ahead at ") || strings.Contains(got, ",") {
			t.Errorf("alarms: %q, expected others-ahead alone", got)
		}
	})
}

package stratum

import "time"

// A session's lines are handled at a pace: so many a second of its own, and more while all sessions
// together have some to spare. What comes faster waits in its socket. Rigs at their pace never wait;
// thousands that send whatever they can would else take all cores from them.
const (
	ownLines, ownLinesBurst       = 4, 32      // a second, and at once
	sharedLines, sharedLinesBurst = 2000, 2000 // of all that exceed their own
)

// await waits until the session may handle a line; false if it has ended.
func (s *session) await() bool {
	for {
		now := time.Now()
		if s.own.AllowN(now, 1) || s.server.shared.AllowN(now, 1) {
			return true
		}
		missing := 1 - s.own.TokensAt(now)
		select {
		case <-time.After(time.Duration(missing / ownLines * float64(time.Second))):
		case <-s.done:
			return false
		}
	}
}

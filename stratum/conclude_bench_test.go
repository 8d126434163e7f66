package stratum

import (
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// BenchmarkConclude is what an accepted share costs once it is hashed: it is counted, and
// the rig has its answer.
func BenchmarkConclude(b *testing.B) {
	f := start(b, hardBits, nil)
	defer f.close()
	r := f.dial().login("bm1q.b")
	defer r.close()
	f.server.mu.Lock()
	var s *session
	for _, each := range f.server.sessions {
		s = each
	}
	f.server.mu.Unlock()
	s.mu.Lock()
	job := *s.jobs.last()
	s.mu.Unlock()
	for b.Loop() {
		s.conclude(share{session: s, job: job, came: time.Now(), reply: &reply{}}, verdictAccepted, nil, ledger.Entry{Difficulty: 5})
	}
}

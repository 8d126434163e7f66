package stratum

import (
	"errors"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// A node may have no work to give: it is not synced, has nobody to pay, or its clock is
// wrong. Logins are held for a while then, for it may come. Who has a job already would go
// on with it, and nothing that it finds could be a block: it is sent the reason,
// and disconnected, which is what makes any rig look for another server. It may come back
// and wait.

const (
	// workPatience is how long there must be no work for that: a peer may be a block ahead
	// for a moment, or the only one gone for some seconds. certainPatience is the same where
	// it is none of the peers' doing.
	workPatience    = 10 * time.Second
	certainPatience = 2 * time.Second
	// replyPatience is how much longer replies on their way may hold that up.
	replyPatience = 5 * time.Second
	// mostReason bounds the reason, in bytes: some rigs read 1024 bytes at a time.
	mostReason = 600
)

// patience is how long it takes that no work means none.
func (s *Server) patience() time.Duration {
	if _, err := s.cfg.Templates.Current(); err != nil && !errors.Is(err, mining.ErrNotReady) {
		return certainPatience
	}
	return workPatience
}

// noWork is why there is nothing to do.
func (s *Server) noWork() *wire.Error {
	why := "no block template yet"
	if _, err := s.cfg.Templates.Current(); err != nil {
		why = err.Error()
	}
	return &wire.Error{Code: wire.CodeOther, Message: "No work: " + printable(why, mostReason)}
}

// outOfWork is why shares are worth nothing, as there has been no work for a while; nil
// where there is.
func (s *Server) outOfWork(now time.Time) *wire.Error {
	if w := s.newest(); w.template != nil || now.Sub(w.since) < s.patience() {
		return nil
	}
	return s.noWork()
}

// worthNothing is why a share counts for nothing, although it meets its target: no block can
// come of its job, or of any. It is nil if it counts.
func (s *Server) worthNothing(sh *share) *wire.Error {
	if sh.job.template == nil {
		return nil
	}
	if why := s.outOfWork(time.Now()); why != nil {
		return why
	}
	err := s.cfg.Submitter.Possible(mining.Solution{Job: sh.cut, Timestamp: sh.job.timestamp, Nonce: sh.nonces[0]})
	if err == nil {
		return nil
	}
	// The clock was set: there may be work that suits it.
	s.cfg.Templates.Force()
	return &wire.Error{Code: wire.CodeOther, Message: "No block can come of this job: " + err.Error()}
}

// endForNoWork is why the session is to end, if there has been no work for a while, and it has
// been given some before. The caller holds mu.
func (s *session) endForNoWork(now time.Time, w *work) *wire.Error {
	if w.template != nil || !s.live || s.solvingKnownAnswer(now) {
		return nil
	}
	without, patience := now.Sub(w.since), s.server.patience()
	if without < patience || len(s.replies) > 0 && without < patience+replyPatience {
		return nil
	}
	return s.server.noWork()
}

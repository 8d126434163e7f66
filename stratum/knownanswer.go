package stratum

import (
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// knownAnswerTime is how long a rig may look for the solution of its known-answer job: 57
// hashes if it counts from the start nonce, and 512 on average if it does not.
const knownAnswerTime = time.Minute

// knownAnswerJob is a known-answer job that a session was given.
type knownAnswerJob struct {
	job   sentJob
	until time.Time
	over  bool
}

// knownAnswers remembers who has passed. It is safe for concurrent use.
type knownAnswers struct {
	mu     sync.Mutex
	passed map[string]struct{}
}

// begin gives a rig its known-answer job; nil if it has solved it before.
func (e *knownAnswers) begin(name string, id uint64, now time.Time) *knownAnswerJob {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.passed[name]; ok {
		return nil
	}
	j := wire.KnownAnswer()
	return &knownAnswerJob{job: sentJob{id: id, start: j.Nonce, target: j.Target}, until: now.Add(knownAnswerTime)}
}

func (e *knownAnswers) pass(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.passed == nil || len(e.passed) >= mostRigs {
		e.passed = make(map[string]struct{})
	}
	e.passed[name] = struct{}{}
}

// solvingKnownAnswer reports whether the rig is still to solve its known-answer job. It may not:
// then it mines all the same.
func (s *session) solvingKnownAnswer(now time.Time) bool {
	if s.knownAnswer == nil || s.knownAnswer.over {
		return false
	}
	if now.Before(s.knownAnswer.until) {
		return true
	}
	s.knownAnswer.over = true
	s.server.log.Info("rig did not solve the known-answer job", "rig", s.login.name, "within", knownAnswerTime)
	return false
}

// endKnownAnswer logs how a rig solved its known-answer job, and answers it.
func (s *session) endKnownAnswer(sh share, v verdict, why *wire.Error) {
	s.mu.Lock()
	over := s.knownAnswer.over
	if v != verdictRefused {
		s.knownAnswer.over = true
	}
	s.mu.Unlock()
	switch {
	case v == verdictLow:
		why = &wire.Error{Code: wire.CodeLow, Message: "Low difficulty share: the known-answer job has nonce 0000783700000039; the rig computes wrong hashes"}
		if !over {
			s.server.log.Warn("rig computes wrong hashes", "rig", s.name(), "known_nonce", "0000783700000039", "got", wire.FormatNonce(sh.nonces[0]))
		}
	case v == verdictAccepted && !over:
		s.server.knownAnswers.pass(s.name())
		s.server.log.Info("rig solved the known-answer job", "rig", s.name(), "after", time.Since(s.loginTime()).Round(time.Millisecond))
	}
	s.settle(sh.reply, why)
}

func (s *session) loginTime() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since
}

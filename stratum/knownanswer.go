package stratum

import (
	"encoding/hex"
	"strconv"
	"sync"
	"time"
)

// examTime is how long a rig may look for the solution of its known-answer job: 57
// hashes if it counts from the start nonce, and 512 on average if it does not.
const examTime = time.Minute

// knownAnswer is a job of May 2018, and the first nonce whose hash has difficulty 512:
// 0000783700000039.
func knownAnswer() Job {
	return Job{
		Version: 1, Height: 17548, Timestamp: 1526348364, Nonce: 0x0000783700000000, Bits: 0x1d00000000047a1d,
		PreviousBlockHash:      knownHash("8f11dad3d32550bfb5a6bf9f7a344c8a436be37897887e3c74d1b380abd3587d"),
		TransactionsMerkleRoot: knownHash("2c0abd8189aba80a8940c3bb4263c9560a97e81d89aa1389ff47e754add4ce98"),
		TransactionStatusHash:  knownHash("c9c377e5192668bc0a367e4a4764f11e7c725ecced1d7b6a492974fab1b6d5bc"),
		Seed:                   knownHash("6aa116ef17d69e398ba388e8f0e1805f6f98afb9dfb8fb87679ad5d3c099099d"),
		Target:                 TargetFor(512),
	}
}

// exam is a known-answer job that a session was given.
type exam struct {
	job   sentJob
	until time.Time
	over  bool
}

func (e *exam) wire() *Job {
	j := knownAnswer()
	j.ID = strconv.FormatUint(e.job.id, 10)
	return &j
}

// exams remembers who has passed. It is safe for concurrent use.
type exams struct {
	mu     sync.Mutex
	passed map[string]struct{}
}

// begin gives a rig its known-answer job; nil if it has solved it before.
func (e *exams) begin(name string, id uint64, now time.Time) *exam {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.passed[name]; ok {
		return nil
	}
	j := knownAnswer()
	return &exam{job: sentJob{id: id, start: j.Nonce, target: j.Target}, until: now.Add(examTime)}
}

func (e *exams) pass(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.passed == nil || len(e.passed) >= mostRigs {
		e.passed = make(map[string]struct{})
	}
	e.passed[name] = struct{}{}
}

// examined tells whether the rig is still to solve its known-answer job. It may not:
// then it mines all the same.
func (s *session) examined(now time.Time) bool {
	if s.exam == nil || s.exam.over {
		return false
	}
	if now.Before(s.exam.until) {
		return true
	}
	s.exam.over = true
	s.server.log.Info("rig did not solve the known-answer job", "rig", s.login.name, "within", examTime)
	return false
}

// endExam tells a rig how it did.
func (s *session) endExam(sh share, v verdict, why *Error) {
	s.mu.Lock()
	over := s.exam.over
	if v != kindRefused {
		s.exam.over = true
	}
	s.mu.Unlock()
	switch {
	case v == kindLow:
		why = &Error{CodeLow, "Low difficulty share: the known-answer job has nonce 0000783700000039; the rig computes wrong hashes"}
		if !over {
			s.server.log.Warn("rig computes wrong hashes", "rig", s.name(), "known_nonce", "0000783700000039", "got", FormatNonce(sh.nonces[0]))
		}
	case v == kindAccepted && !over:
		s.server.exams.pass(s.name())
		s.server.log.Info("rig solved the known-answer job", "rig", s.name(), "after", time.Since(s.loginTime()).Round(time.Millisecond))
	}
	s.settle(sh.reply, why)
}

func (s *session) loginTime() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since
}

// knownHash reads one of knownAnswer's hashes.
func knownHash(text string) [32]byte {
	raw, err := hex.DecodeString(text)
	if err != nil {
		panic(err) // They are constants.
	}
	return [32]byte(raw)
}

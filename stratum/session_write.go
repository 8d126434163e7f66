package stratum

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// repliesWithoutGap is how many replies must wait for the gap between them to be left out. It is
// for the rigs that take what one read yields for one message, and these lose
// nothing but replies, which they don't look at.
const repliesWithoutGap = 4

// wakeUp has somebody look whether there is something to write.
func (s *session) wakeUp() {
	mark(s.wake)
	s.gate.Lock()
	defer s.gate.Unlock()
	if !s.writing {
		s.writing = true
		s.writer.Go(s.write)
	}
}

// asleep ends the writer's time, unless there is something for it again.
func (s *session) asleep() bool {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.cause != nil {
		return true
	}
	s.writing = len(s.wake) > 0
	return !s.writing
}

// lineBuffers are for the messages of writers.
var lineBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// write sends replies and jobs, each when it is due, until nothing is.
func (s *session) write() {
	for {
		select {
		case <-s.wake:
		default:
		}
		s.sender.Lock()
		m, wait, err := s.writeNext()
		s.sender.Unlock()
		switch {
		case err != nil:
			s.fail(err)
			return
		case m.kind == sendNothing && wait == 0:
			if s.asleep() {
				return
			}
		case m.kind == sendNothing:
			if !s.rest(wait) {
				return
			}
		case m.reply != nil && m.reply.hangUp:
			s.hangUp()
			s.fail(m.reply.err)
			return
		case m.reply != nil:
			<-s.slots
		}
	}
}

// writeNext sends what is to be sent now, or returns how long to wait. The caller holds
// sender.
func (s *session) writeNext() (m outgoing, wait time.Duration, err error) {
	if torn := s.partial; torn != nil {
		s.partial = nil
		if err := s.sendLine(torn.rest); err != nil {
			return outgoing{}, 0, err
		}
		s.sent(true, torn.tipSince)
	}
	m, wait = s.next(time.Now())
	if m.kind == sendNothing {
		return m, wait, nil
	}
	buf := lineBuffers.Get().(*[]byte)
	defer lineBuffers.Put(buf)
	*buf = m.append((*buf)[:0])
	if err := s.sendLine(*buf); err != nil {
		return outgoing{}, 0, err
	}
	s.sent(m.job != nil, m.tipSince)
	return m, 0, nil
}

// sendLine sends a line, by one write.
func (s *session) sendLine(line []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.server.cfg.WriteTimeout)); err != nil {
		return err
	}
	_, err := s.conn.Write(line)
	return err
}

// lastSent is a message that is written.
type lastSent struct {
	at  time.Time
	job bool // is in it
}

// sent notes that a message is written. If it has the first job on a new tip, tipSince is since when
// there is its template. The caller holds sender.
func (s *session) sent(job bool, tipSince time.Time) {
	s.last = lastSent{time.Now(), job}
	if !tipSince.IsZero() {
		s.server.cfg.Observe(StageJob, s.last.at.Sub(tipSince))
	}
}

// rest waits for a token, or for a time; false if the session ends.
func (s *session) rest(wait time.Duration) bool {
	due := time.NewTimer(wait)
	defer due.Stop()
	select {
	case <-s.wake:
	case <-due.C:
	case <-s.done:
		return false
	}
	return true
}

type sendKind int

const (
	sendNothing sendKind = iota
	sendReply
	sendPush
)

// outgoing is a message on its way out.
type outgoing struct {
	kind  sendKind
	reply *reply   // answered by it
	job   *sentJob // in it
	login string   // of a login's reply
	// tipSince is when its template came, if the job is the first on a new tip.
	tipSince time.Time
}

// append appends the message's line to b.
func (m *outgoing) append(b []byte) []byte {
	if m.kind == sendPush {
		return wire.AppendPush(b, m.job.wire())
	}
	r := wire.Response{ID: m.reply.id, Error: m.reply.err}
	switch {
	case m.reply.err != nil:
	case m.reply.kind == replyLogin:
		r.Result = &wire.LoginResult{ID: m.login, Job: *m.job.wire(), Status: wire.StatusOK}
	case m.reply.kind == replyJob:
		r.Result = m.job.wire()
	default:
		r.Result = wire.StatusResult{Status: wire.StatusOK}
	}
	return append(r.AppendJSON(b), '\n')
}

// next is what to send now, or how long to wait: 0 is until there is a token. The caller holds
// sender.
func (s *session) next(now time.Time) (outgoing, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.badShares.drop {
		// Said with the last refusal; whatever else waits is of no more use.
		return outgoing{kind: sendReply, reply: s.tooManyBadShares()}, 0
	}
	w := s.server.newest()
	if why := s.endForNoWork(now, w); why != nil {
		return outgoing{kind: sendReply, reply: &reply{err: why, hangUp: true}}, 0
	}
	due := s.due(now, w)
	ready := len(s.replies) > 0 && s.replies[0].ready
	if ready {
		if wait := s.replies[0].since.Sub(now); s.replies[0].hangUp && wait > 0 {
			return outgoing{}, wait
		}
		if r := s.replies[0]; r.kind == replyLogin && !s.hasWork(now, w) {
			if wait := r.since.Add(s.server.cfg.HoldLogin).Sub(now); wait > 0 {
				return outgoing{}, min(wait, time.Second)
			}
			r.err, r.hangUp = s.server.noWork(), true
		}
	}
	if !due && !ready {
		return outgoing{}, 0
	}
	// After a job it is a reply's turn, so that neither keeps the other waiting for good.
	reply := ready && (!due || s.last.job)
	if wait := s.last.at.Add(s.gap()).Sub(now); wait > 0 {
		if !reply || s.last.job || len(s.replies) <= repliesWithoutGap {
			return outgoing{}, wait
		}
	}
	if reply {
		return s.sendReply(now, w), 0
	}
	return s.sendPush(now, w), 0
}

// gap is the time between two messages to the rig. The caller holds mu.
func (s *session) gap() time.Duration {
	if s.login != nil && s.login.lines {
		return 0
	}
	return s.server.cfg.Gap
}

func (s *session) hasWork(now time.Time, w *work) bool {
	return w.template != nil || s.solvingKnownAnswer(now)
}

// tooManyBadShares is the last message to a rig that sends nonsense.
func (s *session) tooManyBadShares() *reply {
	return &reply{err: &wire.Error{Code: wire.CodeOther, Message: "Too many bad shares"}, hangUp: true}
}

// due reports whether a job should go out.
func (s *session) due(now time.Time, w *work) bool {
	if !s.live || w.template == nil || s.solvingKnownAnswer(now) {
		s.idle = true
		return false
	}
	if s.idle {
		s.idle = false
		s.vardiff.Idle(now)
	}
	if len(s.jobs.jobs) == 0 || !now.Before(s.repeat) {
		return true
	}
	old := s.jobs.last()
	return old.template.Sequence != w.template.Sequence || old.tip() != w.template.Tip.Hash ||
		old.target != s.target(now, w)
}

// target is what the shares of the session's next job must meet.
func (s *session) target(now time.Time, w *work) wire.Target {
	return max(wire.TargetFor(s.vardiff.Difficulty(now, w.network)), w.covering)
}

func (s *session) sendPush(now time.Time, w *work) outgoing {
	m := outgoing{kind: sendPush}
	m.job, m.tipSince = s.keptJob(now, w), s.tipSince(w)
	return m
}

// tipSince is when a template came, if the last job, which is of it, is the first on its tip.
func (s *session) tipSince(w *work) time.Time {
	if n := len(s.jobs.jobs); n > 1 && s.jobs.jobs[n-2].tip() != s.jobs.jobs[n-1].tip() {
		return w.since
	}
	return time.Time{}
}

func (s *session) sendReply(now time.Time, w *work) outgoing {
	r := s.replies[0]
	if s.replies = s.replies[1:]; len(s.replies) == 0 {
		s.replies = nil
	}
	m := outgoing{kind: sendReply, reply: r}
	if r.err != nil || r.kind == replyStatus {
		return m
	}
	switch {
	case s.solvingKnownAnswer(now):
		m.job = &s.knownAnswer.job
	case w.template == nil:
		r.err = s.server.noWork()
		return m
	default:
		m.job = s.keptJob(now, w)
	}
	if r.kind == replyLogin {
		s.live, m.login = true, s.login.text
	}
	return m
}

// keptJob is makeJob, and has the job kept over a restart.
func (s *session) keptJob(now time.Time, w *work) *sentJob {
	j := s.makeJob(now, w, s.server.timestamp(w))
	s.server.keepOverRestart(j)
	return &j
}

// timestamp is that of jobs that are sent now.
func (s *Server) timestamp(w *work) uint64 {
	return max(uint64(s.cfg.Templates.Now().Unix()), w.template.Tip.MedianTime+1)
}

// makeJob is the session's next job. Each has an extranonce of its own, also where nothing else is
// new: rigs start again at the same nonce.
func (s *session) makeJob(now time.Time, w *work, timestamp uint64) sentJob {
	j := sentJob{
		id: s.server.jobID.Add(1), template: w.template, extranonce: s.lease.Next(), start: s.start,
		timestamp: timestamp, target: s.target(now, w),
	}
	if len(s.jobs.jobs) > 0 && s.jobs.last().tip() != j.tip() {
		s.seen.reset()
		s.seenLate.reset()
	}
	s.jobs.add(j)
	s.rig.target.Store(uint32(j.target))
	third := s.server.cfg.Repeat / 3
	s.repeat = now.Add(2*third + time.Duration(rand.Int64N(int64(2*third)+1)))
	return j
}

// stale reports whether a template's jobs build on a block that is no longer the tip.
func (s *Server) stale(t *mining.Template) bool { return s.cfg.Templates.State(t) == mining.Stale }

package stratum

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// repliesWithoutGap is how many replies must wait for the gap between them to be left out. It is
// for the rigs that take what one read yields for one message, and these lose
// nothing but replies, which they don't look at.
const repliesWithoutGap = 4

// write sends replies and jobs, each when it is due, until the session ends.
func (s *session) write(ctx context.Context) error {
	w := wire.NewWriter(s.conn, s.server.cfg.WriteTimeout)
	buf := make([]byte, 0, 1024)
	for {
		s.sender.Lock()
		m, wait, err := s.writeNext(w, &buf)
		s.sender.Unlock()
		switch {
		case err != nil:
			return err
		case m.kind == sendNothing:
			if err := s.rest(ctx, wait); err != nil {
				return err
			}
		case m.reply != nil && m.reply.hangUp:
			s.hangUp(ctx)
			return m.reply.err
		case m.reply != nil:
			<-s.slots
		}
	}
}

// writeNext sends what is to be sent now, or returns how long to wait. The caller holds
// sender.
func (s *session) writeNext(w *wire.Writer, buf *[]byte) (m outgoing, wait time.Duration, err error) {
	if torn := s.partial; torn != nil {
		s.partial = nil
		if err := w.SendLine(torn.rest); err != nil {
			return outgoing{}, 0, err
		}
		s.sent(torn.of)
	}
	m, wait = s.next(time.Now(), s.last)
	if m.kind == sendNothing {
		return m, wait, nil
	}
	*buf = m.append((*buf)[:0])
	if err := w.SendLine(*buf); err != nil {
		return outgoing{}, 0, err
	}
	s.sent(m)
	return m, 0, nil
}

// sent notes that a message is written. The caller holds sender.
func (s *session) sent(m outgoing) {
	m.at = time.Now()
	if m.tip {
		s.server.cfg.Observe(StageJob, m.at.Sub(m.since))
	}
	s.last = m
}

// rest waits for a token, or for a time if that is not 0.
func (s *session) rest(ctx context.Context, wait time.Duration) error {
	var due <-chan time.Time
	if wait > 0 {
		due = time.After(wait)
	}
	select {
	case <-s.wake:
	case <-due:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
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
	reply *reply    // answered by it
	job   *wire.Job // in it
	login string    // of a login's reply
	at    time.Time
	// tip is set if the job is the first on a new tip, whose template is since then.
	tip   bool
	since time.Time
}

func (m *outgoing) append(b []byte) []byte {
	if m.kind == sendPush {
		return append(m.job.AppendJSON(append(b, `{"jsonrpc":"2.0","method":"job","params":`...)), '}')
	}
	r := wire.Response{ID: m.reply.id, Error: m.reply.err}
	switch {
	case m.reply.err != nil:
	case m.reply.kind == replyLogin:
		r.Result = &wire.LoginResult{ID: m.login, Job: *m.job, Status: wire.StatusOK}
	case m.reply.kind == replyJob:
		r.Result = m.job
	default:
		r.Result = wire.StatusResult{Status: wire.StatusOK}
	}
	return r.AppendJSON(b)
}

// next is what to send now, or how long to wait: 0 is until there is a token.
func (s *session) next(now time.Time, last outgoing) (outgoing, time.Duration) {
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
	reply := ready && (!due || last.job != nil)
	if wait := last.at.Add(s.gap()).Sub(now); wait > 0 {
		if !reply || last.job != nil || len(s.replies) <= repliesWithoutGap {
			return outgoing{}, wait
		}
	}
	if reply {
		return s.sendReply(now, w), 0
	}
	return s.sendPush(now, w, nil), 0
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
	return old.job.Template.Sequence != w.template.Sequence || old.tip() != w.template.Tip.Hash ||
		old.target != s.target(now, w)
}

// target is what the shares of the session's next job must meet.
func (s *session) target(now time.Time, w *work) wire.Target {
	return max(wire.TargetFor(s.vardiff.Difficulty(now, w.network)), w.covering)
}

func (s *session) sendPush(now time.Time, w *work, rolled *mining.Job) outgoing {
	m := outgoing{kind: sendPush}
	m.job, m.tip, m.since = s.makeJob(now, w, rolled), s.newTip(), w.since
	return m
}

// newTip reports whether the last job is the first one on its tip.
func (s *session) newTip() bool {
	n := len(s.jobs.jobs)
	return n > 1 && s.jobs.jobs[n-2].tip() != s.jobs.jobs[n-1].tip()
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
		m.job = s.knownAnswer.wire()
	case w.template == nil:
		r.err = s.server.noWork()
		return m
	default:
		m.job = s.makeJob(now, w, nil)
	}
	if r.kind == replyLogin {
		s.live, m.login = true, s.login.text
	}
	return m
}

// makeJob cuts the session's next job from a template. Each has an extranonce of its
// own, also where nothing else is new: rigs start again at the same nonce. One that is
// rolled already, if it is not nil, is of the template and the session's lease.
func (s *session) makeJob(now time.Time, w *work, rolled *mining.Job) *wire.Job {
	t := w.template
	if rolled == nil {
		rolled = mining.NewJob(t, s.lease.Next())
	}
	sent := sentJob{
		id: s.server.jobID.Add(1), job: rolled, start: s.start,
		timestamp: max(uint64(s.server.cfg.Generator.Now().Unix()), t.Tip.MedianTime+1),
		target:    s.target(now, w),
	}
	if len(s.jobs.jobs) > 0 && s.jobs.last().tip() != t.Tip.Hash {
		s.seen.reset()
	}
	s.jobs.add(sent)
	s.server.keepOverRestart(&sent)
	s.server.rigs.aim(s.rig, sent.target)
	third := s.server.cfg.Repeat / 3
	s.repeat = now.Add(2*third + time.Duration(rand.Int64N(int64(2*third)+1)))
	wire := sent.wire()
	return &wire
}

// stale reports whether a job builds on a block that is no longer the tip.
func (s *Server) stale(j *mining.Job) bool { return s.cfg.Generator.State(j) == mining.Stale }

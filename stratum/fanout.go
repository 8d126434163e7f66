package stratum

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/pin"
)

// A thousand rigs get the jobs of a new tip within a few milliseconds, because what can be
// done for many at once is: jobs are rolled four at a time, and written without waking a
// goroutine for each, by as many workers as there are cores. No write waits. A rig that has
// not read its last job, needs a gap and waits for a reply, or speaks TLS, is left to the
// goroutine of its session.

// fanBlock is how many sessions a worker takes at a time.
const fanBlock = 16

// fanOut sends all sessions their jobs of new work.
func (s *Server) fanOut(w *work) {
	all := s.all()
	var taken atomic.Int64
	var workers sync.WaitGroup
	count := min(runtime.GOMAXPROCS(0), (len(all)+fanBlock-1)/fanBlock)
	for n := range count {
		workers.Go(func() {
			defer pin.Goroutine(n, count)()
			f := fanWorker{work: w}
			for {
				end := int(taken.Add(fanBlock))
				if end-fanBlock >= len(all) {
					return
				}
				f.serve(all[end-fanBlock : min(end, len(all))])
			}
		})
	}
	workers.Wait()
}

// fanWorker is what one of the workers keeps between sessions.
type fanWorker struct {
	work        *work
	served      []*session
	extranonces []uint64
	line        []byte
}

// serve sends some sessions their jobs.
func (f *fanWorker) serve(sessions []*session) {
	f.served, f.extranonces = f.served[:0], f.extranonces[:0]
	for _, s := range sessions {
		if extranonce, ok := s.reserve(f.work); ok {
			f.served, f.extranonces = append(f.served, s), append(f.extranonces, extranonce)
		} else {
			mark(s.wake)
		}
	}
	if len(f.served) == 0 {
		return
	}
	for i, job := range mining.NewJobs(f.work.template, f.extranonces) {
		if !f.push(f.served[i], job) {
			mark(f.served[i].wake)
		}
	}
}

// reserve takes an extranonce for the session's next job, if that can be written
// directly.
func (s *session) reserve(w *work) (extranonce uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nonblocking == nil || !s.live || w.template == nil {
		return 0, false
	}
	return s.lease.Next(), true
}

// push writes a job. It reports whether the session needs nothing more for now.
func (f *fanWorker) push(s *session, job *mining.Job) bool {
	if !s.sender.TryLock() {
		return false // Its own goroutine is writing.
	}
	defer s.sender.Unlock()
	m, ok := s.nextPush(time.Now(), f.work, job)
	if !ok {
		return false
	}
	f.line = append(m.append(f.line[:0]), '\n')
	n := s.nonblocking.write(f.line)
	if n == len(f.line) {
		s.sent(m)
		return true
	}
	s.partial = &partialWrite{m, append([]byte(nil), f.line[n:len(f.line)-1]...)}
	return false
}

// nextPush is the sending of a job, if that is what is due now. The caller holds sender.
func (s *session) nextPush(now time.Time, w *work, rolled *mining.Job) (outgoing, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gap := s.gap()
	if s.partial != nil || s.badShares.drop || gap > 0 && (len(s.replies) > 0 || now.Before(s.last.at.Add(gap))) {
		return outgoing{}, false
	}
	if w != s.server.work.Load() || !s.due(now, w) || rolled.Extranonce>>32 != s.lease.First()>>32 {
		return outgoing{}, false // It is not what it was.
	}
	return s.sendPush(now, w, rolled), true
}

// partialWrite is a message whose beginning is written, and the rest of its text without the
// end of the line.
type partialWrite struct {
	of   outgoing
	rest []byte
}

// nonblockingWriter writes to a connection as much as it takes at once.
type nonblockingWriter interface {
	// write returns how many bytes were taken: fewer than all also where the connection
	// is broken.
	write(b []byte) int
}

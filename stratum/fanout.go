package stratum

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/pin"
)

// A new tip is told to a thousand rigs in a few milliseconds by doing for many at once
// what can be: their jobs are rolled four at a time, and written without waking a
// goroutine for each, by as many workers as there are cores. No write waits. Who can't
// be served so, for it has not read its last job, needs a gap and is owed a reply, or speaks
// TLS, is left to the goroutine of its session.

// fanBlock is how many sessions a worker takes at a time.
const fanBlock = 16

// fanOut brings the sessions the jobs of new work.
func (s *Server) fanOut(w *work) {
	all := s.all()
	var taken atomic.Int64
	var workers sync.WaitGroup
	count := min(runtime.GOMAXPROCS(0), (len(all)+fanBlock-1)/fanBlock)
	for n := range count {
		workers.Go(func() {
			defer pin.Goroutine(n, count)()
			f := fan{work: w}
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

// fan is a worker's.
type fan struct {
	work        *work
	served      []*session
	extranonces []uint64
	line        []byte
}

// serve brings some sessions their jobs.
func (f *fan) serve(sessions []*session) {
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
	if s.direct == nil || !s.live || w.template == nil {
		return 0, false
	}
	return s.lease.Next(), true
}

// push writes a job. It tells whether the session needs nothing more for now.
func (f *fan) push(s *session, job *mining.Job) bool {
	if !s.sender.TryLock() {
		return false // Its own goroutine is writing.
	}
	defer s.sender.Unlock()
	m, ok := s.nextPush(time.Now(), f.work, job)
	if !ok {
		return false
	}
	f.line = append(m.append(f.line[:0]), '\n')
	n := s.direct.write(f.line)
	if n == len(f.line) {
		s.sent(m)
		return true
	}
	s.torn = &torn{m, append([]byte(nil), f.line[n:len(f.line)-1]...)}
	return false
}

// nextPush is the sending of a job, if that is what is due now. The caller holds sender.
func (s *session) nextPush(now time.Time, w *work, rolled *mining.Job) (sending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gap := s.gap()
	if s.torn != nil || s.manners.lost || gap > 0 && (len(s.replies) > 0 || now.Before(s.last.at.Add(gap))) {
		return sending{}, false
	}
	if w != s.server.work.Load() || !s.due(now, w) || rolled.Extranonce>>32 != s.lease.First()>>32 {
		return sending{}, false // It is not what it was.
	}
	return s.sendPush(now, w, rolled), true
}

// torn is a message whose beginning is written, with the rest of its text but the end of
// the line.
type torn struct {
	of   sending
	rest []byte
}

// direct writes to a connection what that takes at once.
type direct interface {
	// write returns how many bytes were taken: fewer than all also where the connection
	// is broken.
	write(b []byte) int
}

package stratum

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/pin"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// Ten thousand rigs get the jobs of a new tip within tens of milliseconds, most of which the system
// needs to write to as many sockets. What can be done for many at once is: roots are rolled four at a
// time, the text is encoded but once, and no goroutine is woken, by as many workers as there are
// cores. No write waits. A rig that has not read its last job, needs a gap and waits for a reply,
// or speaks TLS, is left to a goroutine of its session.

// fanBlock is how many sessions a worker takes at a time.
const fanBlock = 16

// fanOut sends those of the sessions a job that are due one.
func (s *Server) fanOut(all []*session) {
	var taken atomic.Int64
	var workers sync.WaitGroup
	count := min(pin.Cores(), (len(all)+fanBlock-1)/fanBlock)
	for n := range count {
		workers.Go(func() {
			defer pin.Goroutine(n, count)()
			f := fanWorker{server: s}
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
	server *Server
	roller mining.Roller

	// The text of jobs, of a template and a timestamp.
	push      *wire.Push
	template  *mining.Template
	timestamp uint64

	// The sessions under way, whose senders are held, and what each is sent.
	sessions    []*session
	jobs        []sentJob
	tipSince    []time.Time
	extranonces [fanBlock]uint64
	roots       [fanBlock][32]byte
}

// serve sends up to fanBlock sessions their jobs, of the newest template.
func (f *fanWorker) serve(sessions []*session) {
	w, now := f.server.newest(), time.Now()
	if w.template != nil {
		f.prepare(w)
	}
	f.sessions, f.jobs, f.tipSince = f.sessions[:0], f.jobs[:0], f.tipSince[:0]
	for _, s := range sessions {
		if !f.reserve(s, now, w) {
			s.wakeUp()
		}
	}
	if len(f.jobs) == 0 {
		return
	}
	for i := range f.jobs {
		f.extranonces[i] = f.jobs[i].extranonce
	}
	f.roller.Roots(w.template, f.extranonces[:len(f.jobs)], f.roots[:])
	f.server.keepOverRestart(f.jobs...)
	for i, s := range f.sessions {
		whole := f.write(i)
		s.sender.Unlock()
		if !whole {
			s.wakeUp()
		}
	}
}

// prepare encodes what all jobs have that are sent now.
func (f *fanWorker) prepare(w *work) {
	timestamp := f.server.timestamp(w)
	if f.template == w.template && f.timestamp == timestamp {
		return
	}
	f.template, f.timestamp = w.template, timestamp
	j := sentJob{template: w.template, timestamp: timestamp}
	f.push = wire.NewPush(j.wireWithoutRoot())
}

// reserve makes the session's next job if one is due, and keeps its sender then. It returns false
// if a goroutine of the session's own has to look after it.
func (f *fanWorker) reserve(s *session, now time.Time, w *work) bool {
	if w.template == nil || !s.sender.TryLock() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.due(now, w) {
		s.sender.Unlock()
		return true
	}
	gap := s.gap()
	if s.nonblocking == nil || s.partial != nil || s.badShares.drop ||
		gap > 0 && (len(s.replies) > 0 || now.Before(s.last.at.Add(gap))) {
		s.sender.Unlock()
		return false
	}
	f.sessions, f.jobs = append(f.sessions, s), append(f.jobs, s.makeJob(now, w, f.timestamp))
	f.tipSince = append(f.tipSince, s.tipSince(w))
	return true
}

// write writes a job. It reports whether the connection took all of it.
func (f *fanWorker) write(i int) bool {
	s, j := f.sessions[i], &f.jobs[i]
	line := f.push.Line(&f.roots[i], j.start, j.id, j.target)
	n := s.nonblocking.write(line)
	if n == len(line) {
		s.sent(true, f.tipSince[i])
		return true
	}
	s.partial = &partialWrite{f.tipSince[i], bytes.Clone(line[n:])}
	return false
}

// partialWrite is a job of whose line the beginning is written, and the rest of it. If the job is the
// first on a new tip, tipSince is when its template came.
type partialWrite struct {
	tipSince time.Time
	rest     []byte
}

// nonblockingWriter writes to a connection as much as it takes at once.
type nonblockingWriter interface {
	// write returns how many bytes were taken: fewer than all also where the connection
	// is broken.
	write(b []byte) int
}

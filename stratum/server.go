package stratum

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// Server gives rigs their jobs, and judges what they find. No rig waits for another: the
// jobs of a new template are written as far as each connection takes them at once, the
// rest by the goroutine of the session. A share is hashed in turns with those of the
// other sessions, and a block among them goes to the Submitter before anything else.
//
// All methods are safe for concurrent use.
type Server struct {
	cfg          Config
	log          *slog.Logger
	work         atomic.Pointer[work]
	jobID        atomic.Uint64
	prefix       atomic.Uint32
	queue        *queue
	budget       *shareBudget
	rigs         *rigs
	knownAnswers knownAnswers
	counts       counters
	shared       *rate.Limiter

	mu         sync.Mutex // guards what follows
	sessions   []*session // about as they came, as what each has lies in memory, the system's part too
	perHost    map[netip.Addr]int
	former     formerJobs
	loggedFull time.Time // when it was last logged that rigs are turned away
}

// work is what the rigs are to do: a template, or why there is none.
type work struct {
	template *mining.Template
	since    time.Time
	network  float64     // the difficulty of a block
	covering wire.Target // the lowest that no block is above
}

func newWork(t *mining.Template) *work {
	w := &work{template: t, since: time.Now()}
	if t != nil {
		w.network, w.covering = t.Target.Difficulty(), wire.TargetCovering(t.Target)
	}
	return w
}

// NewServer returns a Server, which Run starts.
func NewServer(cfg Config) *Server {
	cfg = cfg.withDefaults()
	s := &Server{
		cfg: cfg, log: cfg.Log, budget: newShareBudget(headroom * cfg.Budget), rigs: newRigs(),
		perHost: make(map[netip.Addr]int),
		shared:  rate.NewLimiter(sharedLines, sharedLinesBurst),
	}
	s.queue = newQueue(cfg.Budget, time.Now(), s.stale)
	s.work.Store(newWork(nil))
	s.jobID.Store(firstJobID(time.Now(), cfg.Handouts))
	s.prefix.Store(rand.Uint32())
	return s
}

// headroom is the part of the shares that may be hashed that the difficulties aim at:
// shares come at random, and a queue that is to be short needs room.
const headroom = 0.8

// Run serves rigs until ctx ends, and returns ctx's error, or the listener's if it fails.
func (s *Server) Run(ctx context.Context) error {
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { s.follow(ctx); return ctx.Err() })
	parts.Go(func() error { s.judge(ctx); return ctx.Err() })
	parts.Go(func() error { return s.accept(ctx) })
	return parts.Wait()
}

// follow sends the sessions jobs: of each new template, and each second what is due otherwise, which is
// a new difficulty, or their job again.
func (s *Server) follow(ctx context.Context) {
	templates, cancel := s.cfg.Templates.Subscribe()
	defer cancel()
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for {
		select {
		case <-templates:
		case <-each.C:
		case <-ctx.Done():
			return
		}
		s.newest() // Where there is none, that is noted from now on.
		s.fanOut(s.all())
	}
}

// newest is the work of the current template. A job that is built while the news of that
// is on its way must not pay whom the operator has just replaced.
func (s *Server) newest() *work {
	for {
		w := s.work.Load()
		t, _ := s.cfg.Templates.Current()
		if w.template == t {
			return w
		}
		if next := newWork(t); s.work.CompareAndSwap(w, next) {
			return next
		}
	}
}

// all are the sessions that there are now.
func (s *Server) all() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sessions)
}

// accept takes connections until ctx ends, and waits for their sessions.
func (s *Server) accept(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() {
		_ = s.cfg.Listener.Close()
		for _, each := range s.all() {
			each.fail(context.Cause(ctx))
		}
	})()
	var sessions sync.WaitGroup
	defer sessions.Wait()
	failed := false
	for pause := time.Duration(0); ; {
		conn, err := s.cfg.Listener.Accept()
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			if err == nil {
				_ = conn.Close()
			}
			return errors.Join(ctx.Err(), err)
		}
		if err != nil {
			// Too many open files, most likely: sessions that end make room.
			pause = min(time.Second, max(5*time.Millisecond, 2*pause))
			if !failed {
				s.log.Warn("no connection accepted, will try again", "error", err)
			}
			failed = true
			sleep(ctx, pause)
			continue
		}
		pause, failed = 0, false
		if each := s.admit(conn); each != nil {
			sessions.Go(func() { each.run(ctx) })
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// admit starts a session for a connection, or closes it. Refused clients may come again
// thousands of times a second, so this costs next to nothing and is not logged.
func (s *Server) admit(conn net.Conn) *session {
	host := hostOf(conn)
	if !s.permits(host) {
		s.counts.refused.Add(1)
		_ = conn.Close()
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sessions) >= s.cfg.MaxSessions || s.perHost[host] >= s.cfg.MaxPerAddress {
		s.counts.refused.Add(1)
		s.logFull(len(s.sessions) >= s.cfg.MaxSessions, host)
		s.turnAway(conn)
		return nil
	}
	each := newSession(s, conn, host)
	s.enlist(each)
	s.perHost[host]++
	s.counts.connections.Add(1)
	return each
}

// logFull logs that rigs find no place, once an hour. The caller holds mu.
func (s *Server) logFull(all bool, host netip.Addr) {
	if !s.loggedFull.IsZero() && time.Since(s.loggedFull) < time.Hour {
		return
	}
	s.loggedFull = time.Now()
	most, of := s.cfg.MaxPerAddress, "one address"
	if all {
		most, of = s.cfg.MaxSessions, "all addresses"
	}
	s.log.Warn("rigs are turned away: as many are connected as may be", "connections", most, "of", of, "from", host)
}

// turnAway says why. A new connection takes a line at once: the deadline is never met but
// where the process was stopped for as long.
func (s *Server) turnAway(conn net.Conn) {
	w := wire.NewWriter(conn, time.Second)
	_ = w.SendLine(wire.Response{Error: &wire.Error{Code: wire.CodeOther, Message: "Too many connections"}}.AppendJSON(nil))
	_ = conn.Close()
}

// enlist remembers a session. The caller holds mu.
func (s *Server) enlist(each *session) {
	each.place = len(s.sessions)
	s.sessions = append(s.sessions, each)
}

// leave forgets a session.
func (s *Server) leave(each *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.sessions) - 1
	s.sessions[each.place], s.sessions[last].place = s.sessions[last], each.place
	s.sessions[last] = nil
	s.sessions = s.sessions[:last]
	if s.perHost[each.host]--; s.perHost[each.host] <= 0 {
		delete(s.perHost, each.host)
	}
}

// permits reports whether an address may connect.
func (s *Server) permits(host netip.Addr) bool {
	for _, network := range s.cfg.Allow {
		if network.Contains(host) {
			return true
		}
	}
	return len(s.cfg.Allow) == 0
}

// hostOf is the address that a connection comes from; the zero one if it has none.
func hostOf(conn net.Conn) netip.Addr {
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		return at.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

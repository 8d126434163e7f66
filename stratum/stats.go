package stratum

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// verdict is what became of a share.
type verdict int

const (
	kindAccepted  verdict = iota
	kindStale             // of a former tip
	kindDuplicate         // came before
	kindLow               // its hash misses the target
	kindInvalid           // makes no sense: no such job, no nonce
	kindRefused           // came too fast to be hashed, or could not be
	verdicts
)

// String names the verdict as the metrics do.
func (v verdict) String() string {
	return [...]string{"accepted", "stale", "duplicate", "low", "invalid", "refused"}[v]
}

// ledger is the verdict as the ledger has it; false if it is none of its business.
func (v verdict) ledger() (ledger.Kind, bool) {
	return [...]ledger.Kind{ledger.Accepted, ledger.Stale, ledger.Duplicate, ledger.Low, ledger.Invalid, ledger.Invalid}[v], v != kindRefused
}

// counters are the server's.
type counters struct {
	connections, refused, logins, unauthorized, junk, blocks atomic.Uint64
	shares                                                   [verdicts]atomic.Uint64
}

// Stats are the totals of a Server since its start.
type Stats struct {
	// Sessions are the open connections, Rigs the names that are logged in.
	Sessions, Rigs int
	// Connections were let in, Refused were not; Logins came through, Unauthorized had
	// a wrong password; Junk are the lines that were no messages.
	Connections, Refused, Logins, Unauthorized, Junk uint64
	// Shares are all that were sent, by their verdict: accepted, stale, duplicate, low,
	// invalid, refused.
	Shares map[string]uint64
	// Blocks are the shares that were one, new to the chain.
	Blocks uint64
	// Waiting are the shares in the queue.
	Waiting int
}

// Stats are the totals now.
func (s *Server) Stats() Stats {
	st := Stats{
		Connections: s.counts.connections.Load(), Refused: s.counts.refused.Load(), Logins: s.counts.logins.Load(),
		Unauthorized: s.counts.unauthorized.Load(), Junk: s.counts.junk.Load(), Blocks: s.counts.blocks.Load(),
		Waiting: s.queue.length(), Rigs: s.rigs.online(), Shares: make(map[string]uint64),
	}
	for v := range verdicts {
		st.Shares[v.String()] = s.counts.shares[v].Load()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Sessions = len(s.sessions)
	return st
}

// RigStatus is what a Server knows of a rig beside the ledger: its connections. Sessions
// of one name count as one rig.
type RigStatus struct {
	// Name is what the ledger has the rig by.
	Name string `json:"name"`
	// Sessions is how many connections it has, Since when the latest came.
	Sessions int       `json:"sessions"`
	Since    time.Time `json:"since"`
	// Difficulty is that of its next share, in hashes; Refused are the shares that came
	// too fast to be hashed, since the node's start.
	Difficulty float64 `json:"difficulty"`
	Refused    uint64  `json:"refused"`
}

// Rigs are all that came since the start, by name.
func (s *Server) Rigs() []RigStatus {
	s.rigs.mu.Lock()
	defer s.rigs.mu.Unlock()
	list := make([]RigStatus, 0, len(s.rigs.byName))
	for _, r := range s.rigs.byName {
		list = append(list, RigStatus{r.name, r.sessions, r.since, r.difficulty, r.refused})
	}
	slices.SortFunc(list, func(a, b RigStatus) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// rig is the connections of a name, guarded by the mutex of rigs.
type rig struct {
	name       string
	sessions   int
	since      time.Time
	logged     time.Time // when its coming was last logged
	difficulty float64
	refused    uint64
}

// mostRigs bounds the names that are remembered.
const mostRigs = 10000

// rigs are those that came since the start. It is safe for concurrent use.
type rigs struct {
	mu     sync.Mutex
	byName map[string]*rig
}

func newRigs() *rigs { return &rigs{byName: make(map[string]*rig)} }

// join counts a login. It returns the level to log it at: some rigs come and go many
// times a second.
func (r *rigs) join(name string, now time.Time) (*rig, slog.Level) {
	r.mu.Lock()
	defer r.mu.Unlock()
	each := r.byName[name]
	if each == nil {
		if len(r.byName) >= mostRigs {
			r.forget()
		}
		each = &rig{name: name}
		r.byName[name] = each
	}
	each.sessions++
	each.since = now
	if now.Sub(each.logged) < time.Minute {
		return each, slog.LevelDebug
	}
	each.logged = now
	return each, slog.LevelInfo
}

// forget makes room: of the rigs that are away, the one that came first.
func (r *rigs) forget() {
	var oldest *rig
	for _, each := range r.byName {
		if each.sessions == 0 && (oldest == nil || each.since.Before(oldest.since)) {
			oldest = each
		}
	}
	if oldest != nil {
		delete(r.byName, oldest.name)
	}
}

func (r *rigs) leave(each *rig) {
	r.mu.Lock()
	defer r.mu.Unlock()
	each.sessions--
}

// aim notes what the next shares of a rig must meet.
func (r *rigs) aim(each *rig, t wire.Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	each.difficulty = t.Difficulty()
}

func (r *rigs) refuse(each *rig) {
	r.mu.Lock()
	defer r.mu.Unlock()
	each.refused++
}

// online is how many rigs are connected.
func (r *rigs) online() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, each := range r.byName {
		if each.sessions > 0 {
			n++
		}
	}
	return n
}

// welcome counts and logs a login. The caller holds s.mu.
func (s *session) welcome(l *login, host netip.Addr, now time.Time) {
	var level slog.Level
	s.rig, level = s.server.rigs.join(l.name, now)
	s.server.counts.logins.Add(1)
	s.server.cfg.Ledger.Login(now, l.name, host.String(), l.agent)
	s.server.log.Log(context.Background(), level, "rig connected", "rig", l.name, "address", host, "agent", l.agent)
}

// record counts a judged share everywhere. e has what is known of it besides.
func (s *session) record(v verdict, e ledger.Entry) {
	now := time.Now()
	s.server.counts.shares[v].Add(1)
	s.mu.Lock()
	l := s.login
	s.badShares.count(v)
	if s.badShares.resend {
		s.badShares.resend, s.repeat = false, now
	}
	if s.badShares.drop || !s.repeat.After(now) {
		mark(s.wake)
	}
	s.mu.Unlock()
	var counts bool
	if e.Kind, counts = v.ledger(); !counts {
		s.server.rigs.refuse(s.rig)
		return
	}
	e.At, e.Rig, e.Address, e.Agent = now, l.name, s.host.String(), l.agent
	s.server.cfg.Ledger.Add(e)
}

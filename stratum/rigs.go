package stratum

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// RigStatus is what a Server knows of a rig beside the ledger: its connections. Sessions
// of one name count as one rig.
type RigStatus struct {
	// Name is the one that the ledger counts the rig by.
	Name string `json:"name"`
	// Sessions is how many connections it has, Since when the latest came.
	Sessions int       `json:"sessions"`
	Since    time.Time `json:"since"`
	// Difficulty is that of its next share, in hashes; Refused are the shares that came
	// too fast to be hashed, since the node's start.
	Difficulty float64 `json:"difficulty"`
	Refused    uint64  `json:"refused"`
	// Lapses is how often the last of its connections ended, since the node's start.
	Lapses uint64 `json:"lapses"`
	// Agents are what its connections said they are.
	Agents []string `json:"-"`
}

// Rigs returns all rigs that came since the start, by name.
func (s *Server) Rigs() []RigStatus {
	s.rigs.mu.Lock()
	defer s.rigs.mu.Unlock()
	list := make([]RigStatus, 0, len(s.rigs.byName))
	for _, r := range s.rigs.byName {
		list = append(list, RigStatus{r.name, len(r.sessions), r.since, r.difficulty(), r.refused, r.lapses, slices.Collect(maps.Values(r.agents))})
	}
	slices.SortFunc(list, func(a, b RigStatus) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// rig is the connections of a name, guarded by the mutex of rigs.
type rig struct {
	name     string
	sessions []*session
	since    time.Time
	logged   time.Time // when its coming was last logged
	refused  uint64
	lapses   uint64
	agents   map[*session]string

	target atomic.Uint32 // the next shares'; not guarded
}

// difficulty is that of the next shares; 0 before the first job.
func (r *rig) difficulty() float64 {
	if t := wire.Target(r.target.Load()); t > 0 {
		return t.Difficulty()
	}
	return 0
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
func (r *rigs) join(s *session, name, agent string, now time.Time) (*rig, slog.Level) {
	r.mu.Lock()
	defer r.mu.Unlock()
	each := r.byName[name]
	if each == nil {
		if len(r.byName) >= mostRigs {
			r.forget()
		}
		each = &rig{name: name, agents: make(map[*session]string)}
		r.byName[name] = each
	}
	each.sessions = append(each.sessions, s)
	each.since, each.agents[s] = now, agent
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
		if len(each.sessions) == 0 && (oldest == nil || each.since.Before(oldest.since)) {
			oldest = each
		}
	}
	if oldest != nil {
		delete(r.byName, oldest.name)
	}
}

func (r *rigs) leave(s *session, each *rig) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(each.agents, s)
	if each.sessions = each.but(s); len(each.sessions) == 0 {
		each.lapses++
	}
}

// others are the sessions of the rig beside one.
func (r *rigs) others(s *session, each *rig) []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return each.but(s)
}

// but are the rig's sessions without one, in a list of their own.
func (r *rig) but(s *session) []*session {
	return slices.DeleteFunc(slices.Clone(r.sessions), func(other *session) bool { return other == s })
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
		if len(each.sessions) > 0 {
			n++
		}
	}
	return n
}

package stratum

import (
	"sync/atomic"
)

// counters are the server's.
type counters struct {
	connections, refused, logins, unauthorized, junk, blocks atomic.Uint64
	shares                                                   [verdicts]atomic.Uint64
}

// Stats are the totals of a Server since its start.
type Stats struct {
	// Sessions are the open connections, Rigs the names that are logged in.
	Sessions, Rigs int
	// Connections counts those let in, Refused those that were not, Logins the logins that
	// succeeded, Unauthorized those with a wrong password, Junk the lines that were no
	// messages.
	Connections, Refused, Logins, Unauthorized, Junk uint64
	// Shares counts all that were sent, by their verdict: accepted, stale, duplicate, low,
	// invalid, refused.
	Shares map[string]uint64
	// Blocks are the shares that were one, new to the chain.
	Blocks uint64
	// Waiting are the shares in the queue.
	Waiting int
}

// Stats returns the totals now.
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

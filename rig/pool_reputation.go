package rig

import (
	"errors"
	"slices"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// reputation is what the pool knows of a server from its sessions. The pool's mu guards it.
type reputation struct {
	err string // its last, so that it is not logged twice
	// faults is how many sessions in a row came to nothing, and until for how long the
	// other servers are tried before it.
	faults int
	until  time.Time
	// streak is of its shares, stale the tip whose shares it has called stale since then.
	streak refusalStreak
	stale  struct {
		tip   [32]byte
		since time.Time
	}
}

// longestAway bounds how long a server is left for others.
const longestAway = time.Hour

// order is in which order the servers are tried, up to a number: those that could not hold
// a session come last, the one of them first that is due first.
func (p *pool) order(upTo int) []int {
	trusted := p.trusted(upTo)
	var late []int
	for i := range upTo {
		if !slices.Contains(trusted, i) {
			late = append(late, i)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.SortStableFunc(late, func(a, b int) int { return p.reputations[a].until.Compare(p.reputations[b].until) })
	return append(trusted, late...)
}

// trusted are the servers, up to a number, whose penalty is over.
func (p *pool) trusted(upTo int) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]int, 0, len(p.reputations))
	for i := range upTo {
		if !time.Now().Before(p.reputations[i].until) {
			list = append(list, i)
		}
	}
	return list
}

// leave takes notice of the end of a session, or that it was left for a better one. It
// reports whether the session held for long enough to connect again soon.
func (p *pool) leave(s *session, ended bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := &p.reputations[s.server]
	held := !s.worked.IsZero() && time.Since(s.worked) >= steady
	if why := s.NoWork(); ended && s.fault == nil && why != nil {
		s.fault = why // Its last word: it would hold the next login for a while.
	}
	switch {
	case s.fault != nil && st.streak.rounds == 1:
		return held // It may have forgotten the login, and is asked once more.
	case s.fault != nil || ended && (!held || st.streak.rounds > 1):
		st.fault(p.cfg.Return)
		return false
	case held && st.streak.rounds == 0:
		st.faults, st.until = 0, time.Time{}
	}
	return held
}

// fault puts the server behind the others for a while, which doubles.
func (st *reputation) fault(shortest time.Duration) {
	st.until = time.Now().Add(min(shortest<<min(st.faults, 10), max(longestAway, shortest)))
	st.faults++
}

// distrust notes that a session with a server was not worth it.
func (p *pool) distrust(server int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reputations[server].fault(p.cfg.Return)
}

// faulty reports whether the last session with a server came to nothing.
func (p *pool) faulty(server int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reputations[server].faults > 0
}

// judge takes notice of a server's answer to a share.
func (p *pool) judge(s *session, w *work, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st, name := &p.reputations[s.server], p.cfg.Servers[s.server].Name
	if err == nil {
		if st.streak.taken() {
			p.log.Info("the server takes shares again", "server", name)
		}
		st.faults, st.until = 0, time.Time{}
		return
	}
	if s.over || !p.counts(s, w, err) {
		return
	}
	if !st.streak.refused(time.Now()) {
		if !errors.Is(err, wire.RefusedLogin) {
			return
		}
		st.streak.end() // Whatever follows is refused for the same reason.
	}
	p.logRefusals(name, st.streak.rounds, err)
	s.over = true
	s.giveUp <- err
}

// counts reports whether what a server did not take speaks against it. A stale share does if
// the tip has been stale for a while, and there is no other job. The caller holds mu.
func (p *pool) counts(s *session, w *work, err error) bool {
	var refused *wire.Error
	switch {
	case errors.Is(err, client.ErrNoReply):
		return true
	case !errors.As(err, &refused), refused.Kind() == wire.RefusedNoWork:
		return false // The connection has ended, or the rig; or there is a reason.
	case refused.Kind() != wire.RefusedStale:
		return true
	}
	tip, st := w.header.PreviousBlockHash, &p.reputations[s.server].stale
	if st.tip != tip.Byte32() {
		st.tip, st.since = tip.Byte32(), time.Now()
	}
	return s.tip == tip && time.Since(st.since) >= streakTime
}

// logRefusals logs once that a server takes no shares, and once what follows from it.
func (p *pool) logRefusals(name string, rounds int, err error) {
	switch {
	case rounds == 1:
		p.log.Warn("the server takes no shares, logging in again", "server", name, "reason", err)
	case rounds == 2 && len(p.cfg.Servers) > 1:
		p.log.Info("the server takes no shares still, the others go first for a while", "server", name)
	case rounds == 2:
		p.log.Info("the server takes no shares still, there are pauses before each login now", "server", name)
	}
}

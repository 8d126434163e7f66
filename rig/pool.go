package rig

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// PoolConfig is what NewPool needs.
type PoolConfig struct {
	// Servers are those to mine for: the first that can be reached, at least one.
	Servers []Server
	// Agent is what the rig says that it is, as in bytom-solo/1.0.
	Agent string
	// Order is how the servers write start nonces.
	Order client.NonceOrder
	// Return is how often a rig on another server tries those before it; 0 is 3
	// minutes.
	Return time.Duration
	// Log takes what happens.
	Log *slog.Logger

	// dial stands in for client.Dial in tests.
	dial func(context.Context, client.Config) (*client.Client, error)
}

const (
	// steady is how long a session lasts that is no sign of trouble.
	steady = 30 * time.Second
	// heldMost is how long a login may wait where there are other servers: longer than
	// ours hold one, which then say why.
	heldMost = 30 * time.Second
	// askEach is how often a server is asked for a job, where all nonces of the last
	// are used up.
	askEach = 5 * time.Second
	// againMost is how long a block waits for its server to be back.
	againMost = time.Minute
	// againEach is how often it is dialled meanwhile.
	againEach = 5 * time.Second
	// retireAfter is how long a session that is left stays for answers.
	retireAfter = 10 * time.Second
	// joblessMost is how long a session may be without a job that can be worked on.
	joblessMost = time.Minute
	// voidMost is how long it may be without one where there are other servers, after it
	// said that it has no work any more.
	voidMost = 5 * time.Second
)

// pool is a list of Stratum servers as a source.
type pool struct {
	cfg  PoolConfig
	log  *slog.Logger
	side sync.WaitGroup // what run has started

	mu          sync.Mutex
	current     *session      // nil while there is none
	changed     chan struct{} // closed and renewed when current changes
	dialled     uint64        // sessions so far
	reputations []reputation  // each server's
}

// session is a connection to one of the servers.
type session struct {
	*client.Client
	server int // its number in the list
	since  time.Time
	// first is a job that was received already, worked when there was one at first.
	first  *wire.Job
	worked time.Time
	// giveUp takes the reason why the session is to end: nothing of it is taken.
	giveUp chan error
	// fault is why it was left, though the connection stood.
	fault error

	tip  bc.Hash // of its last work; guarded by the pool's mu
	over bool    // giveUp has its reason; guarded likewise
}

func newSession(c *client.Client, server int) *session {
	return &session{Client: c, server: server, giveUp: make(chan error, 1)}
}

// NewPool is a source that is a list of Stratum servers.
func NewPool(cfg PoolConfig) Source {
	cfg.Return = cmp.Or(cfg.Return, 3*time.Minute)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.dial == nil {
		cfg.dial = client.Dial
	}
	return &pool{cfg: cfg, log: cfg.Log, changed: make(chan struct{}), reputations: make([]reputation, len(cfg.Servers))}
}

func (p *pool) status() SourceStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := SourceStatus{Kind: kindStratum, Connections: p.dialled}
	if p.current != nil {
		s.Server, s.Since = p.cfg.Servers[p.current.server].Name, p.current.since
	}
	return s
}

// run has a session with the first server that can be reached, until ctx ends or all
// refuse the login before any has taken it.
func (p *pool) run(ctx context.Context, r *Rig) error {
	defer p.side.Wait()
	for pause := newPause(); ctx.Err() == nil; {
		s, err := p.connect(ctx, p.order(len(p.cfg.Servers)))
		switch {
		case s != nil:
			p.mine(ctx, r, s, &pause)
		case ctx.Err() != nil:
		case errors.Is(err, ErrRefused) && p.status().Connections == 0:
			return err
		}
		// Also after a good session: the server's other rigs are coming back too.
		pause.wait(ctx, nil)
	}
	return nil
}

// mine has sessions, one taking over from another, until the last one ends. The pause is
// a new one after a session that was good.
func (p *pool) mine(ctx context.Context, r *Rig, s *session, pause *pause) {
	for s != nil {
		p.enter(s)
		p.log.Info("connected", "server", p.cfg.Servers[s.server].Name, "login", p.cfg.Servers[s.server].Login)
		next := p.follow(ctx, r, s)
		if next == nil {
			p.enter(nil)
			r.take(nil)
		}
		if err := s.Err(); err != nil && ctx.Err() == nil {
			p.log.Warn("session ended", "server", p.cfg.Servers[s.server].Name, "error", err, "lasted", time.Since(s.since).Round(time.Second))
		}
		if p.leave(s, next == nil) {
			*pause = newPause()
		}
		old := s
		p.side.Go(func() { old.retire(ctx) })
		s = next
	}
}

// enter makes s the current session.
func (p *pool) enter(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = s
	if s != nil {
		p.dialled++
		s.since = time.Now()
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// retire closes the session after a while, so that what was submitted is answered.
func (s *session) retire(ctx context.Context) {
	t := time.NewTimer(retireAfter)
	defer t.Stop()
	select {
	case <-s.Done():
	case <-t.C:
	case <-ctx.Done():
	}
	_ = s.Close()
}

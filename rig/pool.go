package rig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum"
)

// PoolConfig is what NewPool needs.
type PoolConfig struct {
	// Servers are those to mine for: the first that can be reached, at least one.
	Servers []Server
	// Agent is what the rig says that it is, as in bytom-solo/1.0.
	Agent string
	// Order is how the servers write start nonces.
	Order stratum.NonceOrder
	// Return is how often a rig on another server tries those before it; 0 is 3
	// minutes.
	Return time.Duration
	// Log takes what happens.
	Log *slog.Logger

	// dial stands in for stratum.Dial in tests.
	dial func(context.Context, stratum.ClientConfig) (*stratum.Client, error)
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
	// retireAfter is how long a session that is left stays for answers.
	retireAfter = 10 * time.Second
	// joblessMost is how long a session may be without any job.
	joblessMost = time.Minute
)

// pool is a list of Stratum servers as a source.
type pool struct {
	cfg  PoolConfig
	log  *slog.Logger
	side sync.WaitGroup // what run has started

	mu      sync.Mutex
	current *session      // nil while there is none
	changed chan struct{} // closed and renewed when current changes
	dialled uint64        // sessions so far
	errs    []string      // each server's last error, so that it is not logged twice
}

// session is a connection to one of the servers.
type session struct {
	*stratum.Client
	server int // its number in the list
	since  time.Time
	// first is a job that was received already, worked when there was one at first.
	first  *stratum.Job
	worked time.Time
}

// NewPool is a source that is a list of Stratum servers.
func NewPool(cfg PoolConfig) Source {
	cfg.Return = cmp.Or(cfg.Return, 3*time.Minute)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.dial == nil {
		cfg.dial = stratum.Dial
	}
	return &pool{cfg: cfg, log: cfg.Log, changed: make(chan struct{}), errs: make([]string, len(cfg.Servers))}
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
	all, unsteady := len(p.cfg.Servers), -1
	for pause := newPause(); ctx.Err() == nil; {
		s, err := p.connect(ctx, all, unsteady)
		switch {
		case s != nil:
			last := p.mine(ctx, r, s)
			if unsteady = last.server; !last.worked.IsZero() && time.Since(last.worked) >= steady {
				pause, unsteady = newPause(), -1
			}
		case ctx.Err() != nil:
		case errors.Is(err, ErrRefused) && p.status().Connections == 0:
			return err
		}
		// Also after a steady session: the server's other rigs are coming back too.
		pause.wait(ctx, nil)
	}
	return nil
}

// mine has sessions, one taking over from another, until the last one ends, which it
// returns.
func (p *pool) mine(ctx context.Context, r *Rig, s *session) *session {
	for {
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
		left := s
		p.side.Go(func() { left.retire(ctx) })
		if s = next; s == nil {
			return left
		}
	}
}

// enter makes s the session that there is.
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

// follow takes the jobs of a session, until it ends or one with a server before it in
// the list is there, which it returns.
func (p *pool) follow(ctx context.Context, r *Rig, s *session) *session {
	back := time.NewTicker(p.cfg.Return)
	defer back.Stop()
	if s.server == 0 {
		back.Stop()
	}
	better, trying := make(chan *session), false
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobless := time.NewTimer(joblessMost)
	defer jobless.Stop()
	var asked time.Time
	var last *work
	work := func(job *stratum.Job) {
		if last == nil {
			jobless.Stop()
			s.worked = time.Now()
		}
		w := poolWork(job, s)
		r.logWork(w, last)
		r.take(w)
		last = w
	}
	if s.first != nil {
		work(s.first)
	}
	for {
		select {
		case job := <-s.Jobs():
			work(job)
		case <-jobless.C:
			p.log.Warn("no job in time", "server", p.cfg.Servers[s.server].Name, "after", joblessMost)
			return nil
		case <-r.fetch:
			if time.Since(asked) >= askEach {
				asked = time.Now()
				p.side.Go(func() { p.getJob(ctx, s) })
			}
		case <-back.C:
			if !trying {
				trying = true
				p.side.Go(func() { p.tryBetter(ctx, s.server, better) })
			}
		case found := <-better:
			if trying = false; found != nil {
				return found
			}
		case <-s.Done():
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// tryBetter looks for a session with one of the first servers, and gives it, or nil, to
// whoever receives. It has a job: otherwise there is no reason to leave another.
func (p *pool) tryBetter(ctx context.Context, before int, better chan<- *session) {
	s, _ := p.connect(ctx, before, -1)
	if s != nil && !s.awaitJob(ctx) {
		_ = s.Close()
		s = nil
	}
	select {
	case better <- s:
	case <-ctx.Done():
		if s != nil {
			_ = s.Close()
		}
	}
}

// awaitJob waits for the session's first job.
func (s *session) awaitJob(ctx context.Context) bool {
	t := time.NewTimer(joblessMost)
	defer t.Stop()
	select {
	case s.first = <-s.Jobs():
		return true
	case <-s.Done():
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// getJob asks for a job with other nonces.
func (p *pool) getJob(ctx context.Context, s *session) {
	p.log.Info("all nonces of the job are used up, asking for another", "server", p.cfg.Servers[s.server].Name)
	if err := s.GetJob(ctx); err != nil && ctx.Err() == nil {
		p.log.Warn("no other job yet, waiting for one", "error", err)
	}
}

// poolWork makes work of a job. The upper 32 bits of its start nonce stay.
func poolWork(job *stratum.Job, s *session) *work {
	const low = 1<<32 - 1
	w := newWork(job.Header(0), job.Seed, newNonces(space{job.Nonce &^ low, low + 1}, job.Nonce&low))
	w.share, w.job, w.session = job.Target, job, s
	return w
}

// connect logs in at the first of the servers, up to a number, that takes it. One that
// could not hold a session is the last to be asked. The error is ErrRefused if all
// refuse the login.
func (p *pool) connect(ctx context.Context, upTo, unsteady int) (*session, error) {
	order := make([]int, 0, upTo)
	for i := range upTo {
		if i != unsteady {
			order = append(order, i)
		}
	}
	if unsteady >= 0 && unsteady < upTo {
		order = append(order, unsteady)
	}
	var refusals []error
	for _, i := range order {
		c, err := p.dial(ctx, p.cfg.Servers[i])
		if ctx.Err() != nil {
			if c != nil {
				_ = c.Close()
			}
			return nil, ctx.Err()
		}
		p.note(i, err)
		if err == nil {
			return &session{Client: c, server: i}, nil
		}
		if errors.Is(err, stratum.RefusedLogin) || errors.Is(err, stratum.RefusedParams) {
			refusals = append(refusals, err)
		}
	}
	if len(refusals) == len(order) {
		return nil, fmt.Errorf("%w: %w", ErrRefused, errors.Join(refusals...))
	}
	return nil, errors.New("no server can be reached")
}

func (p *pool) dial(ctx context.Context, server Server) (*stratum.Client, error) {
	cfg := stratum.ClientConfig{
		Address: server.Address, TLS: server.TLS, Login: server.Login, Password: server.Password,
		Agent: p.cfg.Agent, Order: p.cfg.Order, Log: p.log.With("server", server.Name),
	}
	if len(p.cfg.Servers) > 1 {
		cfg.LoginTimeout = heldMost
	}
	return p.cfg.dial(ctx, cfg)
}

// note logs a server's error, unless it is that of the last time.
func (p *pool) note(server int, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	p.mu.Lock()
	again := p.errs[server] == text
	p.errs[server] = text
	p.mu.Unlock()
	if !again && err != nil {
		p.log.Warn("no session, will try again", "server", p.cfg.Servers[server].Name, "error", err)
	}
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

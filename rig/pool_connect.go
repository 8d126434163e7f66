package rig

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// tryBetter tries to open a session with one of the first servers, and sends it, or nil, to
// better. It has a job: otherwise there is no reason to leave another.
func (p *pool) tryBetter(ctx context.Context, before int, better chan<- *session) {
	s, _ := p.connect(ctx, p.trusted(before))
	if s != nil && !s.awaitJob(ctx) {
		_ = s.Close()
		if ctx.Err() == nil {
			p.distrust(s.server)
		}
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
	for {
		select {
		case s.first = <-s.Jobs():
			if s.first != nil {
				return true
			}
		case <-s.Done():
			return false
		case <-t.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// connect logs in at the first of some servers that takes it. The error is ErrRefused if
// all refuse the login, or are no servers.
func (p *pool) connect(ctx context.Context, order []int) (*session, error) {
	var refusals []error
	for _, i := range order {
		c, err := p.dial(ctx, i)
		if ctx.Err() != nil {
			if c != nil {
				_ = c.Close()
			}
			return nil, ctx.Err()
		}
		p.note(i, err)
		if err == nil {
			return newSession(c, i), nil
		}
		if errors.Is(err, wire.RefusedLogin) || errors.Is(err, wire.RefusedParams) || errors.Is(err, client.ErrNotStratum) {
			refusals = append(refusals, err)
		}
	}
	if len(order) > 0 && len(refusals) == len(order) {
		return nil, fmt.Errorf("%w: %w", ErrRefused, errors.Join(refusals...))
	}
	return nil, errors.New("no server can be reached")
}

func (p *pool) dial(ctx context.Context, i int) (*client.Client, error) {
	server := p.cfg.Servers[i]
	cfg := client.Config{
		Address: server.Address, TLS: server.TLS, Login: server.Login, Password: server.Password,
		Agent: p.cfg.Agent, Order: p.cfg.Order, Log: p.log.With("server", server.Name),
	}
	if p.faulty(i) {
		cfg.Log = nil // What is odd about it was said.
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
	again := p.reputations[server].err == text
	p.reputations[server].err = text
	p.mu.Unlock()
	if !again && err != nil {
		p.log.Warn("no session, will try again", "server", p.cfg.Servers[server].Name, "error", err)
	}
}

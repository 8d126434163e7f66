package rig

import (
	"context"
	"errors"

	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// submit submits a share to the session that its job came from. A block whose fate is
// unknown because the connection broke goes to the same server once more: some know their
// jobs by number, whichever session submits them.
func (p *pool) submit(ctx context.Context, s solution) (Outcome, error) {
	own := s.work.session
	err := p.send(ctx, own, s)
	lost := errors.Is(err, client.ErrLost) || errors.Is(err, client.ErrClosed) || errors.Is(err, wire.RefusedLogin)
	if !s.block || !lost {
		return shareOutcome(err), err
	}
	p.log.Warn("block not submitted yet", "height", s.work.header.Height, "error", err)
	again, waitErr := p.await(ctx, own)
	if waitErr != nil {
		return Unanswered, errors.Join(err, waitErr)
	}
	second := p.send(ctx, again, s)
	if errors.Is(second, wire.RefusedDuplicate) {
		return Accepted, nil
	}
	if shareOutcome(second) == Rejected || shareOutcome(second) == Low {
		return Unanswered, errors.Join(err, second) // Another session's job of that number.
	}
	return shareOutcome(second), second
}

// send submits to a session, and judges the server by its answer.
func (p *pool) send(ctx context.Context, to *session, found solution) error {
	err := to.Submit(ctx, found.work.job, found.nonce)
	p.judge(to, found.work, err)
	return err
}

// await waits for another session with the server that old was with.
func (p *pool) await(ctx context.Context, old *session) (*session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, againMost, errors.New("the server is not back"))
	defer cancel()
	for {
		p.mu.Lock()
		current, changed := p.current, p.changed
		p.mu.Unlock()
		if current != nil && current != old && current.server == old.server {
			return current, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// shareOutcome is what a server's verdict comes to.
func shareOutcome(err error) Outcome {
	var refused *wire.Error
	switch {
	case err == nil:
		return Accepted
	case !errors.As(err, &refused):
		return Unanswered
	}
	switch refused.Kind() {
	case wire.RefusedStale:
		return Stale
	case wire.RefusedDuplicate:
		return Duplicate
	case wire.RefusedLow:
		return Low
	}
	return Rejected
}

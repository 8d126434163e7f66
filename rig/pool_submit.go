package rig

import (
	"context"
	"errors"
	"time"

	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// submit submits a share to the session that its job came from. A block whose fate is
// unknown, because the connection broke or there was no reply, goes to the same server again: some
// know their jobs by number, whichever session submits them.
func (p *pool) submit(ctx context.Context, s solution) (Outcome, error) {
	err := p.send(ctx, s.work.session, s)
	if !s.block || !lost(err) && !errors.Is(err, wire.RefusedBusy) {
		return shareOutcome(err), err
	}
	p.log.Warn("block not submitted yet", "height", s.work.header.Height, "error", err)
	ctx, cancel := context.WithTimeoutCause(ctx, againMost, errors.New("the server is not back"))
	defer cancel()
	second, to, end := err, s.work.session, func() {}
	defer func() { end() }()
	for pause := newPause(); lost(second) || errors.Is(second, wire.RefusedBusy); second = p.send(ctx, to, s) {
		if !lost(second) {
			pause.wait(ctx, nil)
			continue
		}
		again, endAgain, waitErr := p.await(ctx, to)
		if waitErr != nil {
			return Unanswered, errors.Join(second, waitErr)
		}
		end()
		to, end = again, endAgain
	}
	if errors.Is(second, wire.RefusedDuplicate) {
		return Accepted, nil
	}
	if shareOutcome(second) == Rejected || shareOutcome(second) == Low {
		return Unanswered, errors.Join(err, second) // Another session's job of that number.
	}
	return shareOutcome(second), second
}

// lost reports whether nobody knows what became of a share, or another session might have it taken.
func lost(err error) bool {
	return errors.Is(err, client.ErrNoReply) || errors.Is(err, client.ErrLost) || errors.Is(err, client.ErrClosed) || errors.Is(err, wire.RefusedLogin)
}

// send submits to a session, and judges the server by its answer.
func (p *pool) send(ctx context.Context, to *session, found solution) error {
	err := to.Submit(ctx, found.work.job, found.nonce)
	p.judge(to, found.work, err)
	return err
}

// await waits for another session with the server that old was with: the pool's, or one for this alone where the
// pool is with another server, or does not know yet that old is of no more use. end ends what await has begun.
func (p *pool) await(ctx context.Context, old *session) (_ *session, end func(), _ error) {
	for {
		p.mu.Lock()
		current, changed := p.current, p.changed
		p.mu.Unlock()
		if current != nil && current != old && current.server == old.server {
			return current, func() {}, nil
		}
		select {
		case <-changed:
			continue
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		case <-time.After(againEach):
		}
		if current == nil {
			continue // The pool is about to have one, of this server or another.
		}
		if c, err := p.dial(ctx, old.server); err == nil {
			return newSession(c, old.server), func() { _ = c.Close() }, nil
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

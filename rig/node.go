package rig

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bytom-solo/bytom-solo/gbt/client"
	"github.com/bytom-solo/bytom-solo/gbt/wire"
	"github.com/bytom-solo/bytom-solo/mining"
)

const (
	// pollEach is how often a node is asked by get-work; refreshEach is when its work is
	// taken though it builds on the same block.
	pollEach, refreshEach = time.Second, 30 * time.Second
	// longestCall bounds a call; nodes hold longpolls for a minute.
	longestCall = 2 * time.Minute
	// submitMost bounds one that submits, which is then tried again: its connection may be dead.
	submitMost = 15 * time.Second
	// patience is how long the last work of a node that no longer answers is good.
	patience = 2 * time.Minute
)

// node is a node as a source, and how to ask it.
type node struct {
	client    *client.Client
	templates bool // by getblocktemplate, not get-work
	secure    bool // over TLS
	payee     string
	log       *slog.Logger

	since       atomic.Pointer[time.Time] // nil while it sends no work
	connections atomic.Uint64
}

// NewGetWork is a source that polls a node's get-work, the stock node's too. The
// address is as client.New takes it.
func NewGetWork(address string, log *slog.Logger) (Source, error) {
	return newNode(address, nil, log)
}

// NewTemplates is a source that gets block templates by longpoll, which pay payee, or
// the node's own address if that is empty.
func NewTemplates(address, payee string, log *slog.Logger) (Source, error) {
	return newNode(address, &payee, log)
}

func newNode(address string, payee *string, log *slog.Logger) (Source, error) {
	c, err := client.New(address, &http.Client{Timeout: longestCall})
	if err != nil {
		return nil, err
	}
	n := &node{client: c, secure: strings.HasPrefix(address, "https:"), log: log.With("node", c.Address())}
	if payee != nil {
		n.templates, n.payee = true, *payee
	}
	return n, nil
}

func (n *node) status() SourceStatus {
	s := SourceStatus{Kind: kindGetWork, Connections: n.connections.Load()}
	if n.templates {
		s.Kind = kindTemplates
	}
	if since := n.since.Load(); since != nil {
		s.Server, s.Since = n.client.Address(), *since
	}
	return s
}

// next asks for work. If there was a template before, a node that has nothing new holds the
// call.
func (n *node) next(ctx context.Context, old *work) (*work, error) {
	if !n.templates {
		got, err := n.client.GetWork(ctx)
		if err != nil {
			return nil, err
		}
		// The stock node sends everybody the same header, so the nonces start at random.
		w := newWork(*got.BlockHeader, got.Seed.Byte32(), newNonces(allNonces, rand.Uint64()&mining.MaxNonce))
		return w, nil
	}
	request := wire.TemplateRequest{Payee: n.payee, Transactions: "ids", Capabilities: []string{"longpoll", "workid"}}
	if old != nil {
		request.LongpollID = old.template.LongpollID
	}
	t, err := n.client.GetBlockTemplate(ctx, request)
	if err != nil {
		return nil, err
	}
	return templateWork(t)
}

// allNonces are those that a header can carry.
var allNonces = space{0, mining.MaxNonce + 1}

// submit submits a solution. Where the node can't be reached, it tries again.
func (n *node) submit(ctx context.Context, s solution) (Outcome, error) {
	for pause := newPause(); ; {
		err := n.send(ctx, s)
		var refused *client.Error
		switch {
		case err == nil, errors.Is(err, mining.ErrorKind("duplicate")) && pause.used():
			return Accepted, nil
		case errors.As(err, &refused) && !passing(refused):
			return outcomeOf(refused), err
		case ctx.Err() != nil:
			return Unanswered, err
		}
		n.log.Warn("solution not submitted yet", "height", s.work.header.Height, "error", err)
		pause.wait(ctx, nil)
	}
}

// passing reports whether a refusal says nothing of the solution: it is a proxy's, whose node may be starting, or that
// of a node that is stopping.
func passing(err *client.Error) bool {
	if err.Code != "" {
		return errors.Is(err, mining.ErrStopped)
	}
	switch err.Status {
	case http.StatusNotFound: // As of proxies that forget a node which is away.
		return !err.JSON
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return err.Status >= 500 || errors.Is(err, mining.ErrStopped)
}

func (n *node) send(ctx context.Context, s solution) error {
	ctx, cancel := context.WithTimeout(ctx, submitMost)
	defer cancel()
	h := s.header()
	if t := s.work.template; t != nil {
		return n.client.SubmitSolution(ctx, t.WorkID, h.Timestamp, h.Nonce, s.work.extranonce)
	}
	return n.client.SubmitWork(ctx, &h)
}

// outcomeOf reads a node's refusal.
func outcomeOf(err *client.Error) Outcome {
	for _, k := range []struct {
		kind mining.ErrorKind
		is   Outcome
	}{
		{mining.ErrStaleWork, Stale}, {mining.ErrBadParent, Stale}, {mining.ErrorKind("duplicate"), Duplicate}, {mining.ErrHighHash, Low},
		{mining.ErrorKind("inconclusive"), Lost}, {mining.ErrorKind("duplicate-inconclusive"), Lost},
	} {
		if errors.Is(err, k.kind) {
			return k.is
		}
	}
	return Rejected
}

// run keeps the workers supplied until ctx ends, or the node refuses for good what it
// is asked for.
func (n *node) run(ctx context.Context, r *Rig) error {
	var last *work
	answered, pause := time.Time{}, newPause()
	for ctx.Err() == nil {
		start := time.Now()
		w, err := n.next(ctx, last)
		switch {
		case ctx.Err() != nil:
		case err == nil:
			w.node, w.asked = true, start
			n.up(w)
			answered, pause = time.Now(), newPause()
			n.offer(r, w)
			// A node that does not hold longpolls is not to be flooded.
			if !n.templates || last != nil && w.template.LongpollID == last.template.LongpollID && time.Since(start) < pollEach {
				sleepOr(ctx, pollEach, r.fetch)
			}
			last = w
		case answered.IsZero() && n.final(err):
			return fmt.Errorf("%w: %w", ErrRefused, n.explained(err))
		default:
			n.down(n.explained(err), pause.used())
			if last = nil; n.void(err, time.Since(answered)) {
				r.take(nil)
			}
			pause.wait(ctx, r.fetch)
		}
	}
	return nil
}

// final reports whether it makes no sense to ask again.
func (n *node) final(err error) bool {
	_, final := n.advise(err)
	return final
}

// void reports whether the last work of a node is worth nothing: the node says so itself,
// with a reason; it has refused to send any for a while; or it has not answered for long.
func (n *node) void(err error, since time.Duration) bool {
	var refused *client.Error
	if errors.As(err, &refused) {
		return refused.Reason != "" || since > voidMost
	}
	return since > patience
}

// up notes that the node has sent work.
func (n *node) up(w *work) {
	if n.since.Load() == nil {
		now := time.Now()
		n.since.Store(&now)
		n.connections.Add(1)
		n.log.Info("the node gives work", "height", w.header.Height)
	}
}

// down notes that it has not, and logs that the first time.
func (n *node) down(err error, again bool) {
	n.since.Store(nil)
	if !again {
		n.log.Warn("the node gives no work, will ask again", "error", err)
	}
}

// offer takes work that is better than what there is.
func (n *node) offer(r *Rig, w *work) {
	if r.turns.lost(w) {
		return
	}
	old := r.state.Load().work
	if old == nil || w.betters(old) || r.turns.lost(old) {
		r.logWork(w, old)
		r.take(w)
	}
}

// betters reports whether to replace an older work by this one: it builds on another block,
// has newer transactions, or a timestamp that is not too old.
func (w *work) betters(old *work) bool {
	if w.template != nil {
		return w.template.WorkID != old.template.WorkID
	}
	return !w.sameTip(old) || w.header.Timestamp >= old.header.Timestamp+uint64(refreshEach.Seconds())
}

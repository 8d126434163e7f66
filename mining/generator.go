package mining

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// GeneratorConfig is what a Generator needs.
type GeneratorConfig struct {
	// Source is the chain.
	Source Source
	// Payee is asked at each build whom to pay, and for the operator's tag of at
	// most MaxTag bytes in the coinbase. It must be safe for concurrent use. An
	// error of kind ErrNoPayee stops mining until PayeeChanged.
	Payee func() (Payee, []byte, error)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// TxInterval is how long new transactions wait for a build at the least;
	// MaxAge is when a template is rebuilt without a cause; EmptyAfter is how long a
	// new tip waits for its transactions before a template without any goes out.
	// Zero means 5 s, 30 s and 20 ms.
	TxInterval, MaxAge, EmptyAfter time.Duration
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Generator builds templates in the background, one at a time:
//
//   - TipChanged, TxsChanged and PayeeChanged never block and never compute: they
//     leave a mark that Run sees.
//   - A cause that comes during a build always leads to another build.
//   - A build that finds the tip moved starts again; a template for a former tip
//     is never published.
//   - Where the transactions for a new tip take long to choose, a template without
//     any goes out first.
//   - Readers take the current template by a pointer, and wait for nobody.
//
// All methods are safe for concurrent use.
type Generator struct {
	cfg     GeneratorConfig
	current atomic.Pointer[state]

	// One slot each: a mark already there says all that a second one would.
	tip, txs, payee chan struct{}

	mu   sync.Mutex // guards subs, and orders publishing with subscribing
	subs map[chan *Template]struct{}
}

// state is what the generator has to offer: a template, or why there is none.
type state struct {
	template *Template
	err      error
	replaced chan struct{} // closed by the state that follows
}

// NewGenerator makes a generator; nothing is built before Run.
func NewGenerator(cfg GeneratorConfig) *Generator {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.TxInterval == 0 {
		cfg.TxInterval = 5 * time.Second
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 30 * time.Second
	}
	if cfg.EmptyAfter == 0 {
		cfg.EmptyAfter = 20 * time.Millisecond
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	g := &Generator{
		cfg: cfg,
		tip: make(chan struct{}, 1), txs: make(chan struct{}, 1), payee: make(chan struct{}, 1),
		subs: make(map[chan *Template]struct{}),
	}
	g.current.Store(&state{err: ErrNoTemplate, replaced: make(chan struct{})})
	return g
}

// TipChanged tells that the chain has a new tip.
func (g *Generator) TipChanged() { mark(g.tip) }

// TxsChanged tells that the pool has new transactions.
func (g *Generator) TxsChanged() { mark(g.txs) }

// PayeeChanged tells that the payee or the operator's tag is another.
func (g *Generator) PayeeChanged() { mark(g.payee) }

func mark(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Current is the newest template, or an error that says why there is none and
// what the operator can do about it.
func (g *Generator) Current() (*Template, error) {
	s := g.current.Load()
	return s.template, s.err
}

// freshWait bounds how long Fresh waits for the template that follows a new tip.
const freshWait = 500 * time.Millisecond

// Fresh is Current, except that where the tip has just moved it waits for the
// template on the new one: half a second at the most, then it gives what there
// is.
func (g *Generator) Fresh(ctx context.Context) (*Template, error) {
	timeout := time.NewTimer(freshWait)
	defer timeout.Stop()
	for {
		s := g.current.Load()
		if s.template == nil || s.template.Tip.Hash == g.cfg.Source.Tip().Hash {
			return s.template, s.err
		}
		select {
		case <-s.replaced:
		case <-timeout.C:
			return g.Current()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Now is the generator's clock.
func (g *Generator) Now() time.Time { return g.cfg.Now() }

// Subscribe gives a channel that carries each new template, first of all the
// current one if there is any. Only the newest waits in it: what was not read in
// time is replaced. A nil template says that there is no work for now. The
// subscriber must call cancel when it is done.
func (g *Generator) Subscribe() (templates <-chan *Template, cancel func()) {
	c := make(chan *Template, 1)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.subs[c] = struct{}{}
	if t, err := g.Current(); err == nil {
		c <- t
	}
	return c, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.subs, c)
	}
}

// publish makes s current and tells the subscribers.
func (g *Generator) publish(s *state) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.replaced = make(chan struct{})
	close(g.current.Swap(s).replaced)
	for c := range g.subs {
		select {
		case <-c: // Nobody read it, and now nobody needs to.
		default:
		}
		c <- s.template // Only publish sends here, under mu: there is room.
	}
}

// Run builds templates until ctx ends, then returns its error.
func (g *Generator) Run(ctx context.Context) error {
	reason := NewParent
	for {
		err := g.rebuild(ctx, reason)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrTipMoved) {
			reason = NewParent
			continue
		}
		if reason, err = g.wait(ctx, err); err != nil {
			return err
		}
	}
}

// wait returns the reason for the next build. Without a template the cause of
// that may go away by itself (peers come, the sync ends), so it is soon retried.
func (g *Generator) wait(ctx context.Context, buildErr error) (Reason, error) {
	age := g.cfg.MaxAge
	if buildErr != nil {
		age = min(age, time.Second)
	}
	refresh := time.NewTimer(age)
	defer refresh.Stop()
	var txs <-chan struct{}
	settle := time.NewTimer(g.cfg.TxInterval)
	defer settle.Stop()
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-g.tip:
			return NewParent, nil
		case <-g.payee:
			return NewPayee, nil
		case <-settle.C:
			txs = g.txs
		case <-txs:
			return NewTxs, nil
		case <-refresh.C:
			return Refreshed, nil
		}
	}
}

// rebuild builds a template and publishes it, or publishes why it can't.
func (g *Generator) rebuild(ctx context.Context, reason Reason) error {
	t, err := g.build(ctx, reason)
	if errors.Is(err, ErrTipMoved) || ctx.Err() != nil {
		return err
	}
	if err != nil {
		if _, old := g.Current(); old == nil || old.Error() != err.Error() {
			g.cfg.Log.Info("no work to hand out", "reason", err)
		}
		g.publish(&state{err: err})
		return err
	}
	g.publish(&state{template: t})
	g.cfg.Log.Debug("new template", "reason", t.Reason, "height", t.Height, "txs", len(t.Txs), "fees", t.Fees,
		"took", g.cfg.Now().Sub(t.Built))
	return nil
}

func (g *Generator) build(ctx context.Context, reason Reason) (*Template, error) {
	if err := g.cfg.Source.Ready(); err != nil {
		return nil, err
	}
	payee, tag, err := g.cfg.Payee()
	if err != nil {
		return nil, err
	}
	tip, now := g.cfg.Source.Tip(), g.cfg.Now()
	assemble := func(chosen []Candidate) (*Template, error) {
		return newTemplate(tip, chosen, payee, tag, now, reason)
	}
	chosen, err := g.choose(ctx, tip, func() {
		if t, err := assemble(nil); err == nil && g.cfg.Source.Tip().Hash == tip.Hash {
			g.publish(&state{template: t})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("select transactions: %w", err)
	}
	t, err := assemble(chosen)
	if err != nil {
		return nil, err
	}
	if g.cfg.Source.Tip().Hash != tip.Hash {
		return nil, ErrTipMoved
	}
	return t, nil
}

// choose has the source select transactions. Where that takes long and there is no
// template on this tip yet, it calls empty meanwhile; where the tip moves it is
// called off.
func (g *Generator) choose(ctx context.Context, tip Tip, empty func()) ([]Candidate, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type selection struct {
		chosen []Candidate
		err    error
	}
	done := make(chan selection, 1)
	go func() {
		chosen, err := g.cfg.Source.Select(ctx, tip)
		done <- selection{chosen, err}
	}()
	patience := time.NewTimer(g.cfg.EmptyAfter)
	defer patience.Stop()
	for {
		select {
		case s := <-done:
			return s.chosen, s.err
		case <-g.tip:
			return nil, ErrTipMoved
		case <-patience.C:
			if t, _ := g.Current(); t == nil || t.Tip.Hash != tip.Hash {
				empty()
			}
		}
	}
}

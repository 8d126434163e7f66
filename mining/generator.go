package mining

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

// Generator builds templates in the background, one at a time:
//
//   - TipChanged, TxsChanged, PayeeChanged and Force never block and never compute:
//     they leave a mark that Run sees.
//   - A cause that comes during a build always leads to another build.
//   - A build that finds the tip moved starts again; a template for a former tip
//     is never published.
//   - Where the transactions for a new tip take long to choose, a template without
//     any goes out first.
//   - What the chain's own rules would refuse is never published, nor what does not pay
//     whom it should, as read from the coinbase's bytes.
//   - Readers take the current template by a pointer, and wait for nobody.
//
// All methods are safe for concurrent use.
type Generator struct {
	cfg      GeneratorConfig
	start    time.Time
	tipAt    atomic.Int64 // when the tip changed last, since start
	current  atomic.Pointer[state]
	requests atomic.Uint64 // how often PayeeChanged and Force were called
	mismatch atomic.Pointer[Mismatch]
	coinbase coinbaseBuilder

	// One slot each: a mark already there says all that a second one would.
	tip, txs, payee, forced chan struct{}
	// What Run takes from it when it gets round to it.
	pulse chan struct{}

	// Run's own: when a template was published last, and the tip of the last one that
	// had its transactions.
	published time.Time
	fullOn    bc.Hash
	sequence  uint64 // of the last template
	forcing   bool   // somebody asked for the template under way
	served    uint64 // the wishes that the build under way has seen
	moves     int    // how often the payee moved during a build, one after the other

	mu   sync.Mutex // guards subs, and orders publishing with subscribing
	subs map[chan *Template]struct{}
}

// state is what Current returns: a template, or why there is none.
type state struct {
	template *Template
	err      error
	served   uint64        // the wishes that it was built for
	replaced chan struct{} // closed by the state that follows
}

// NewGenerator returns a generator; nothing is built before Run.
func NewGenerator(cfg GeneratorConfig) *Generator {
	newMark := func() chan struct{} { return make(chan struct{}, 1) }
	g := &Generator{
		cfg: cfg.withDefaults(), start: time.Now(), coinbase: newCoinbase,
		tip: newMark(), txs: newMark(), payee: newMark(), forced: newMark(), pulse: make(chan struct{}),
		subs: make(map[chan *Template]struct{}),
		// Who still has a number of an earlier run must not take it for one of this.
		sequence: uint64(rand.Uint32()),
	}
	g.current.Store(&state{err: ErrNoTemplate, replaced: make(chan struct{})})
	return g
}

// TipChanged signals that the chain has a new tip.
func (g *Generator) TipChanged() {
	g.tipAt.Store(int64(time.Since(g.start)))
	mark(g.tip)
}

// TxsChanged signals that the pool has new transactions.
func (g *Generator) TxsChanged() { mark(g.txs) }

// PayeeChanged signals that the payee or the operator's tag has changed.
func (g *Generator) PayeeChanged() {
	g.requests.Add(1)
	mark(g.payee)
}

// Force asks for a new template without a cause.
func (g *Generator) Force() {
	g.requests.Add(1)
	mark(g.forced)
}

// Settle waits until the current template was built after all calls of PayeeChanged and
// Force that came before: from then on nobody gets the old one. Run has to be running. It
// returns ctx's error if that ends first.
func (g *Generator) Settle(ctx context.Context) error {
	for wanted := g.requests.Load(); ; {
		s := g.current.Load()
		if s.served >= wanted {
			return nil
		}
		select {
		case <-s.replaced:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func mark(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Alive returns when Run goes round: at once while it waits for a cause, else after the build
// under way. It is for who looks after it, and makes it build nothing. It returns ctx's error
// if that ends first.
func (g *Generator) Alive(ctx context.Context) error {
	select {
	case g.pulse <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Current is the newest template, or an error that says why there is none and
// what the operator can do about it.
func (g *Generator) Current() (*Template, error) {
	s := g.current.Load()
	return g.vouched(s)
}

// vouched is the template of a state, if it still pays whom it should.
func (g *Generator) vouched(s *state) (*Template, error) {
	if s.template == nil {
		return nil, s.err
	}
	if err := g.vouch(s.template); err != nil {
		return nil, err
	}
	return s.template, nil
}

// State is what a job of a template is worth now.
func (g *Generator) State(t *Template) JobState {
	if t.Tip.Hash != g.cfg.Source.Tip().Hash {
		return Stale
	}
	if g.current.Load().template == t {
		return Active
	}
	return Past
}

// freshWait bounds how long Fresh waits for the template that follows a new tip.
const freshWait = 500 * time.Millisecond

// Fresh is Current, except that where the tip has just moved it waits for the
// template on the new one: after half a second it
// returns the current one.
func (g *Generator) Fresh(ctx context.Context) (*Template, error) {
	var timeout <-chan time.Time
	for {
		s := g.current.Load()
		if s.template == nil || s.template.Tip.Hash == g.cfg.Source.Tip().Hash {
			return g.vouched(s)
		}
		if timeout == nil {
			timeout = time.After(freshWait)
		}
		select {
		case <-s.replaced:
		case <-timeout:
			return g.Current()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Watch is Current without the reason, and a channel that is closed when something else
// becomes current.
func (g *Generator) Watch() (t *Template, replaced <-chan struct{}) {
	s := g.current.Load()
	t, _ = g.vouched(s)
	return t, s.replaced
}

// Now is the chain's clock.
func (g *Generator) Now() time.Time { return g.cfg.Now() }

// Subscribe returns a channel that carries each new template, first of all the
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

// publish makes s current and sends its template to the subscribers.
func (g *Generator) publish(s *state) {
	s.replaced, s.served = make(chan struct{}), g.served
	g.published = time.Now()
	if s.template != nil {
		s.template.published = g.published
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.current.Swap(s).replaced)
	for c := range g.subs {
		select {
		case <-c: // Nobody read it, and now nobody needs to.
		default:
		}
		c <- s.template // Only publish sends here, under mu: there is room.
	}
}

// offer publishes a template; full means that its transactions have been chosen.
func (g *Generator) offer(t *Template, full bool) {
	old, _ := g.Current()
	if old != nil && t.SameWork(old) && !g.forcing {
		t.Sequence = old.Sequence
	} else {
		g.sequence++
		t.Sequence = g.sequence
	}
	g.publish(&state{template: t})
	since := time.Since(g.start) - time.Duration(g.tipAt.Load())
	if old == nil || old.Tip.Hash != t.Tip.Hash {
		g.cfg.Observe(StageTemplate, since)
	}
	if full && g.fullOn != t.Tip.Hash {
		g.fullOn = t.Tip.Hash
		g.cfg.Observe(StageFull, since)
	}
	g.cfg.Log.Debug("new template", "reason", t.Reason, "height", t.Height, "txs", len(t.Txs), "fees", t.Fees,
		"took", time.Since(t.Built))
}

// Run builds templates until ctx ends, then returns its error.
func (g *Generator) Run(ctx context.Context) error {
	reason := NewParent
	for {
		select {
		case <-g.pulse: // Where tips follow too fast for wait.
		default:
		}
		err := g.rebuild(ctx, reason)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrTipMoved) {
			reason = NewParent
			continue
		}
		if errors.Is(err, errPayeeMoved) {
			reason = NewPayee
			continue
		}
		g.forcing = false
		if reason, err = g.wait(ctx, err); err != nil {
			return err
		}
	}
}

// wait returns the reason for the next build. Without a template the cause of
// that may go away by itself (peers come, the sync ends), so it is soon retried.
func (g *Generator) wait(ctx context.Context, buildErr error) (Reason, error) {
	age := g.cfg.MaxAge - time.Since(g.published)
	if buildErr != nil {
		age = time.Second
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
		case <-g.forced:
			g.forcing = true
			return Forced, nil
		case <-settle.C:
			txs = g.txs
		case <-txs:
			return NewTxs, nil
		case <-refresh.C:
			return Forced, nil
		case <-g.pulse:
		}
	}
}

// rebuild builds a template and publishes it, or publishes why it can't.
func (g *Generator) rebuild(ctx context.Context, reason Reason) error {
	g.served = g.requests.Load() // Before the payee is asked for.
	t, err := g.build(ctx, reason)
	if errors.Is(err, ErrTipMoved) || ctx.Err() != nil {
		return err
	}
	if errors.Is(err, errPayeeMoved) {
		g.moves++
		return err
	}
	g.moves = 0
	if err != nil {
		if _, old := g.Current(); old == nil || old.Error() != err.Error() {
			level := slog.LevelInfo
			if errors.Is(err, ErrNoValidTemplate) || errors.Is(err, ErrPayeeMismatch) {
				level = slog.LevelError
			}
			g.cfg.Log.Log(ctx, level, "no work to hand out", "reason", err)
		}
		g.publish(&state{err: err})
		return err
	}
	if reason != NewTxs || g.gains(t) {
		g.offer(t, true)
	}
	return nil
}

// gains reports whether t pays enough more than the current template to be worth new
// jobs for everybody.
func (g *Generator) gains(t *Template) bool {
	old, _ := g.Current()
	return old == nil || old.Tip.Hash != t.Tip.Hash || !bytes.Equal(old.Payee.Program, t.Payee.Program) ||
		t.Fees > old.Fees && t.Fees-old.Fees >= g.cfg.FeeStep
}

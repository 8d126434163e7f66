package mining

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

// GeneratorConfig is what a Generator needs.
type GeneratorConfig struct {
	// Source is the chain.
	Source Source
	// Payee is asked at each build whom to pay, and for the operator's tag of at
	// most MaxTag bytes in the coinbase. It must be safe for concurrent use. An
	// error of kind ErrNoPayee stops mining until PayeeChanged.
	Payee func() (Payee, []byte, error)
	// Now is the chain's clock, which timestamps come from; nil is time.Now. What is
	// waited for and measured goes by the real one.
	Now func() time.Time
	// TxInterval is how long new transactions wait for a build at the least;
	// MaxAge is when a template is replaced without a cause; EmptyAfter is how long a
	// new tip waits for its transactions before a template without any goes out.
	// Zero means 5 s, 30 s and 10 ms.
	TxInterval, MaxAge, EmptyAfter time.Duration
	// FeeStep is how much more a template must pay to replace one on the same tip
	// before MaxAge, in the smallest unit of BTM; zero means any gain.
	FeeStep uint64
	// Observe takes StageTemplate and StageFull; nil discards them.
	Observe func(Stage, time.Duration)
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// withDefaults fills in what was left open.
func (cfg GeneratorConfig) withDefaults() GeneratorConfig {
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
		cfg.EmptyAfter = 10 * time.Millisecond
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Stage, time.Duration) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// Generator builds templates in the background, one at a time:
//
//   - TipChanged, TxsChanged, PayeeChanged and Force never block and never compute:
//     they leave a mark that Run sees.
//   - A cause that comes during a build always leads to another build.
//   - A build that finds the tip moved starts again; a template for a former tip
//     is never published.
//   - Where the transactions for a new tip take long to choose, a template without
//     any goes out first.
//   - What the chain's own rules would refuse is never published.
//   - Readers take the current template by a pointer, and wait for nobody.
//
// All methods are safe for concurrent use.
type Generator struct {
	cfg     GeneratorConfig
	start   time.Time
	tipAt   atomic.Int64 // when the tip changed last, since start
	current atomic.Pointer[state]

	// One slot each: a mark already there says all that a second one would.
	tip, txs, payee, forced chan struct{}

	// Run's own: when a template was published last, and the tip of the last one that
	// had its transactions.
	published time.Time
	fullOn    bc.Hash
	sequence  uint64 // of the last template
	forcing   bool   // somebody asked for the template under way

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
	newMark := func() chan struct{} { return make(chan struct{}, 1) }
	g := &Generator{
		cfg: cfg.withDefaults(), start: time.Now(),
		tip: newMark(), txs: newMark(), payee: newMark(), forced: newMark(),
		subs: make(map[chan *Template]struct{}),
	}
	g.current.Store(&state{err: ErrNoTemplate, replaced: make(chan struct{})})
	return g
}

// TipChanged tells that the chain has a new tip.
func (g *Generator) TipChanged() {
	g.tipAt.Store(int64(time.Since(g.start)))
	mark(g.tip)
}

// TxsChanged tells that the pool has new transactions.
func (g *Generator) TxsChanged() { mark(g.txs) }

// PayeeChanged tells that the payee or the operator's tag is another.
func (g *Generator) PayeeChanged() { mark(g.payee) }

// Force asks for a new template without a cause.
func (g *Generator) Force() { mark(g.forced) }

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

// State is what a job is worth now.
func (g *Generator) State(j *Job) JobState {
	if j.Template.Tip.Hash != g.cfg.Source.Tip().Hash {
		return Stale
	}
	if t, _ := g.Current(); t == j.Template {
		return Active
	}
	return Past
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

// Await waits for work that differs from that of a sequence number, and gives it: nil
// where there is none any more. The error is ctx's.
func (g *Generator) Await(ctx context.Context, sequence uint64) (*Template, error) {
	for {
		s := g.current.Load()
		if s.template == nil || s.template.Sequence != sequence {
			return s.template, nil
		}
		select {
		case <-s.replaced:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Now is the chain's clock.
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
	s.replaced = make(chan struct{})
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

// offer publishes a template; full tells that its transactions have been chosen.
func (g *Generator) offer(t *Template, full bool) {
	old, _ := g.Current()
	if t.Reason == Forced && old != nil && t.SameWork(old) && !g.forcing {
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
		err := g.rebuild(ctx, reason)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrTipMoved) {
			reason = NewParent
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
			level := slog.LevelInfo
			if errors.Is(err, ErrNoValidTemplate) {
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

// gains tells whether t pays enough more than the current template to be worth new
// jobs for everybody.
func (g *Generator) gains(t *Template) bool {
	old, _ := g.Current()
	return old == nil || old.Tip.Hash != t.Tip.Hash || !bytes.Equal(old.Payee.Program, t.Payee.Program) ||
		t.Fees > old.Fees && t.Fees-old.Fees >= g.cfg.FeeStep
}

func (g *Generator) build(ctx context.Context, reason Reason) (*Template, error) {
	if err := g.cfg.Source.Ready(); err != nil {
		return nil, err
	}
	d, err := g.draft(nil)
	if err != nil {
		return nil, err
	}
	d.reason = reason
	start := time.Now()
	chosen, err := g.choose(ctx, d.tip, func() {
		if t, err := g.assemble(ctx, d, nil); err == nil {
			g.offer(t, false)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("select transactions: %w", err)
	}
	selected := time.Since(start)
	t, err := g.assemble(ctx, d, chosen)
	if t != nil {
		t.Built, t.Selected = start, selected
	}
	return t, err
}

// Request asks for a template of one's own.
type Request struct {
	// Payee is whom it pays; nil is the generator's.
	Payee *Payee
	// Empty leaves all transactions out; Only, if not nil, all but these.
	Empty bool
	Only  []bc.Hash
	// Parent is the block to build on, with no transactions; nil is the tip.
	Parent *bc.Hash
}

// Make builds a template for one caller; it is not published. The error is as for
// Current, or says what can't be had.
func (g *Generator) Make(ctx context.Context, r Request) (*Template, error) {
	if err := g.cfg.Source.Ready(); err != nil {
		return nil, err
	}
	d, err := g.draft(r.Payee)
	if err != nil {
		return nil, err
	}
	if r.Parent != nil && *r.Parent != d.tip.Hash {
		parent, known := g.cfg.Source.After(*r.Parent)
		if !known {
			return nil, fmt.Errorf("%w: block %s is unknown", ErrBadParent, r.Parent.String())
		}
		// A block without transactions has nothing that another than the tip could
		// refuse.
		return newTemplate(parent, nil, d.payee, d.tag, g.cfg.Now(), d.reason)
	}
	var chosen []Candidate
	if !r.Empty {
		if chosen, err = g.cfg.Source.Select(ctx, d.tip); err != nil {
			return nil, err
		}
	}
	if r.Only != nil {
		if chosen, err = only(chosen, r.Only); err != nil {
			return nil, err
		}
	}
	return g.assemble(ctx, d, chosen)
}

// only is what was chosen of these transactions.
func only(chosen []Candidate, ids []bc.Hash) ([]Candidate, error) {
	missing := make(map[bc.Hash]bool)
	for _, id := range ids {
		missing[id] = true
	}
	chosen = slices.DeleteFunc(slices.Clone(chosen), func(c Candidate) bool {
		wanted := missing[c.Tx.ID]
		delete(missing, c.Tx.ID)
		return !wanted
	})
	for id := range missing {
		return nil, fmt.Errorf("transaction %s can't stand in the next block, or is not in the pool", id.String())
	}
	return chosen, nil
}

// draft is what a template on the tip is made of for a payee; nil is the generator's.
func (g *Generator) draft(payee *Payee) (draft, error) {
	d := draft{reason: Forced}
	var err error
	if d.payee, d.tag, err = g.cfg.Payee(); err != nil && payee == nil {
		return d, err
	}
	if payee != nil {
		d.payee = *payee
	}
	d.tip = g.cfg.Source.Tip()
	return d, nil
}

// draft is what a template is made of, but for its transactions.
type draft struct {
	tip    Tip
	payee  Payee
	tag    []byte
	reason Reason
}

// maxCulprits bounds how many transactions are taken out of a template that the
// chain's rules refuse, one by one, before it goes out without any.
const maxCulprits = 16

// assemble makes a template that passes the chain's rules: with all that was chosen
// if possible, without what is at fault if not, at the worst without any.
func (g *Generator) assemble(ctx context.Context, d draft, chosen []Candidate) (*Template, error) {
	for culprits := 0; ; culprits++ {
		t, err := g.checked(ctx, d, chosen)
		switch {
		case err == nil:
			return t, nil
		case t == nil || ctx.Err() != nil:
			return nil, err
		case len(chosen) == 0:
			return nil, fmt.Errorf("%w: %w", ErrNoValidTemplate, err)
		}
		var culprit *TxError
		if culprits == maxCulprits || !errors.As(err, &culprit) || culprit.Index < 1 || culprit.Index > len(chosen) {
			g.cfg.Log.Error("the template has to do without transactions", "height", d.tip.Height+1, "error", err)
			chosen = nil
			continue
		}
		g.cfg.Log.Warn("transaction left out of the template", "tx", culprit.ID.String(), "error", culprit.Err)
		chosen = slices.Delete(slices.Clone(chosen), culprit.Index-1, culprit.Index)
	}
}

// checked makes a template of what was chosen, and holds it to the chain's rules:
// the error with a template says which one it breaks.
func (g *Generator) checked(ctx context.Context, d draft, chosen []Candidate) (*Template, error) {
	start := time.Now()
	t, err := newTemplate(d.tip, chosen, d.payee, d.tag, g.cfg.Now(), d.reason)
	if err != nil {
		return nil, err
	}
	block, err := t.block()
	if err != nil {
		return nil, err
	}
	assembled := time.Now()
	t.Assembled = assembled.Sub(start)
	err = g.cfg.Source.Check(ctx, block)
	t.Checked = time.Since(assembled)
	if g.cfg.Source.Tip().Hash != d.tip.Hash {
		return nil, ErrTipMoved
	}
	return t, err
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

package mining

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

func (g *Generator) build(ctx context.Context, reason Reason) (*Template, error) {
	if err := g.cfg.Source.Ready(); err != nil {
		return nil, err
	}
	d, err := g.draft(nil)
	if err != nil {
		return nil, err
	}
	d.reason, d.moves = reason, g.moves
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

// Request says how a template for one caller differs from the published one.
type Request struct {
	// Payee is the coinbase's; nil is the generator's.
	Payee *Payee
	// Empty leaves all transactions out; Only, if not nil, all but these.
	Empty bool
	Only  []bc.Hash
	// Parent is the block to build on, with no transactions; nil is the tip.
	Parent *bc.Hash
}

// Make builds a template for one caller; it is not published. The error is as for
// Current, or says what of the request can't be met.
func (g *Generator) Make(ctx context.Context, r Request) (*Template, error) {
	for moves := 0; ; moves++ {
		t, err := g.make(ctx, r, moves)
		if !errors.Is(err, errPayeeMoved) {
			return t, err
		}
	}
}

func (g *Generator) make(ctx context.Context, r Request, moves int) (*Template, error) {
	if err := g.cfg.Source.Ready(); err != nil {
		return nil, err
	}
	d, err := g.draft(r.Payee)
	if err != nil {
		return nil, err
	}
	d.moves = moves
	if r.Parent != nil && *r.Parent != d.tip.Hash {
		parent, known := g.cfg.Source.After(*r.Parent)
		if !known {
			return nil, fmt.Errorf("%w: block %s is unknown", ErrBadParent, r.Parent.String())
		}
		// A block without transactions has nothing that another than the tip could
		// refuse.
		t, err := newTemplateBy(g.coinbase, parent, nil, d.payee, d.tag, g.cfg.Now(), d.reason)
		if err != nil {
			return nil, err
		}
		if err := g.prove(t, d); err != nil {
			return nil, err
		}
		return t, nil
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

// only returns those of the chosen transactions that have these ids, all of them.
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

// draft collects what a template on the tip needs for a payee; nil is the generator's.
func (g *Generator) draft(payee *Payee) (draft, error) {
	d := draft{reason: Forced, requested: payee != nil, requests: g.requests.Load()}
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

// draft is all that a template is assembled from, but for its transactions.
type draft struct {
	tip    Tip
	payee  Payee
	tag    []byte
	reason Reason
	// requested says that the payee is that of one caller; requests is how often the
	// generator's had changed before it was asked for, and moves how often it did so unseen.
	requested bool
	requests  uint64
	moves     int
}

// maxCulprits bounds how many transactions are taken out of a template that the
// chain's rules refuse, one by one, before it goes out without any.
const maxCulprits = 16

// assemble returns a template that passes the chain's rules: with all chosen transactions
// if possible, else without those at fault, at the worst without any.
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

// checked assembles a template of the chosen transactions, and validates it by the chain's
// rules: an error beside a template says which one it breaks.
func (g *Generator) checked(ctx context.Context, d draft, chosen []Candidate) (*Template, error) {
	start := time.Now()
	t, err := newTemplateBy(g.coinbase, d.tip, chosen, d.payee, d.tag, g.cfg.Now(), d.reason)
	if err != nil {
		return nil, err
	}
	if err := g.prove(t, d); err != nil {
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

// choose lets the source select transactions. If that takes long and there is no template
// on this tip yet, it calls empty meanwhile. If the tip moves, it stops the selection.
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
			select {
			case s := <-done: // It was in time, and this goroutine late.
				return s.chosen, s.err
			default:
			}
			if t, _ := g.Current(); t == nil || t.Tip.Hash != tip.Hash {
				empty()
			}
		}
	}
}

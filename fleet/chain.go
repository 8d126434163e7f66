package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Courier brings a sealed Block to a node, and returns what became of it. An error means that the
// node did not say.
type Courier func(ctx context.Context, sealed []byte) (Verdict, error)

// ChainConfig is what a Chain needs.
type ChainConfig struct {
	Engine  Engine
	Key     Key
	Network string
	Feed    *Feed
	// Nodes are those that blocks go to by the engine, Couriers the ways to them beside it, in that order. The
	// first node books the shares, and so has to know of each block.
	Nodes    []PublicKey
	Couriers []Courier
	// Kept reports whether somebody else looks after a block until the first node has it; nil is that nobody does.
	Kept func(bc.Hash) bool
	// Spoken is told when a node has said where a block stands, and must not block; nil does nothing.
	Spoken func()
	// Patience is how long a verdict is waited for; then the block is sent again later. 0 takes 3 s.
	Patience time.Duration
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Chain is the chain of nodes elsewhere, as far as blocks of a front's rigs need it: a mining.Sink
// that brings them to all nodes at once, by each way that there is, and a mining.Source that
// knows what the nodes said. It is safe for concurrent use.
type Chain struct {
	cfg   ChainConfig
	log   *slog.Logger
	said  *lru.Cache[bc.Hash, Verdict]
	first *lru.Cache[bc.Hash, time.Time] // when the first node last said that it has a block
	owed  *lru.Cache[bc.Hash, Owed]

	mu    sync.Mutex
	waits map[chan answer]bc.Hash // for a verdict by the engine; two may wait for one block's
}

// answer is what one of the nodes says of a block, by its place among them, which is negative for another one; or
// why it could not be asked.
type answer struct {
	Verdict
	node int
	err  error
}

const (
	// mostSaid is of how many blocks the nodes' verdicts are remembered.
	mostSaid = 4096
	// mostOwed is how many blocks may be owed to the first node.
	mostOwed = 64
)

// NewChain returns a Chain.
func NewChain(cfg ChainConfig) *Chain {
	if cfg.Patience == 0 {
		cfg.Patience = 3 * time.Second
	}
	if cfg.Kept == nil {
		cfg.Kept = func(bc.Hash) bool { return false }
	}
	if cfg.Spoken == nil {
		cfg.Spoken = func() {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Chain{
		cfg: cfg, log: cfg.Log, said: newLatest[bc.Hash, Verdict](mostSaid), waits: make(map[chan answer]bc.Hash),
		first: newLatest[bc.Hash, time.Time](mostSaid), owed: newLatest[bc.Hash, Owed](mostOwed),
	}
}

// newLatest remembers something of so many keys, the latest.
func newLatest[K comparable, V any](most int) *lru.Cache[K, V] {
	all, err := lru.New[K, V](most)
	if err != nil {
		panic(err) // Only a size below 1 is refused.
	}
	return all
}

// Process brings a block to the nodes. The first that takes it decides. Where all refuse it, or some do and the
// others say nothing in time, the first refusal does, one by a clock if there is no other, unless one of them has said before that it
// has the block: then it is a Duplicate. Where none answers in time the error is of kind ErrNotReady, and so where one refuses it by its
// clock and another is silent: nothing is known against the block, and it is to be sent again.
func (c *Chain) Process(ctx context.Context, block *types.Block, by mining.Finder) (mining.Outcome, error) {
	outcome, err := c.bring(ctx, block, by)
	if err == nil && outcome != mining.Orphan {
		c.owe(block, by)
	}
	return outcome, err
}

func (c *Chain) bring(ctx context.Context, block *types.Block, by mining.Finder) (mining.Outcome, error) {
	id := block.Hash()
	var raw bytes.Buffer
	if _, err := block.WriteTo(&raw); err != nil {
		return 0, fmt.Errorf("%w: %w", mining.ErrMalformed, err)
	}
	sealed, err := c.cfg.Key.Seal(c.cfg.Network, KindBlock, &Block{
		Name: by.Name, Address: by.Address, Owner: by.Owner, Work: by.Work, Raw: raw.Bytes(), At: time.Now().UnixMilli(),
	})
	if err != nil {
		return 0, fmt.Errorf("%w: %w", mining.ErrMalformed, err)
	}
	answers := make(chan answer, len(c.cfg.Nodes))
	defer c.wait(id, answers)()
	couriers := make(chan answer, len(c.cfg.Couriers))
	for i, bring := range c.cfg.Couriers {
		go func() {
			v, err := bring(ctx, sealed)
			if err == nil && i == 0 {
				c.noteFirst(&v)
			}
			couriers <- answer{v, i, err}
		}()
	}
	go c.publish(sealed)
	return c.await(ctx, id, answers, couriers)
}

// publish sends a message to all nodes by the engine, which can take as long as it waits for its machine.
func (c *Chain) publish(sealed []byte) {
	for _, node := range c.cfg.Nodes {
		if err := c.cfg.Engine.Publish(Subject(node)+".from", sealed); err != nil {
			c.log.Debug("a found block does not go by the engine", "error", err)
		}
	}
}

// wait has answers by the engine for a block go to a channel, until end.
func (c *Chain) wait(id bc.Hash, answers chan answer) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits[answers] = id
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waits, answers)
	}
}

// Solved tells the nodes that a block is about to come, so that they can compute its proof of work
// while it is written down here. It returns at once.
func (c *Chain) Solved(header, seed [32]byte) {
	go func() {
		sealed, err := c.cfg.Key.Seal(c.cfg.Network, KindSolved, &Solved{Header: header, Seed: seed})
		if err != nil {
			c.log.Debug("nodes are not told of a block that is about to come", "error", err)
			return
		}
		c.publish(sealed)
	}()
}

// await waits for the nodes' answers: until one takes the block, or all refuse it, by whichever way.
func (c *Chain) await(ctx context.Context, id bc.Hash, answers, couriers <-chan answer) (mining.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Patience)
	defer cancel()
	var refused *Verdict
	var errs []error
	refusing, all := make(map[int]bool), max(len(c.cfg.Nodes), len(c.cfg.Couriers))
	for len(refusing) < all && ctx.Err() == nil {
		var a answer
		select {
		case a = <-answers:
		case a = <-couriers:
		case <-ctx.Done():
			continue
		}
		if a.err == nil {
			if bc.NewHash(a.Hash) != id || a.open() {
				continue
			}
			_, a.err = a.outcome()
		}
		switch {
		case a.err != nil && !mining.Refusal(a.err): // It is about the node.
			errs = append(errs, a.err)
			continue
		case a.taken():
			c.note(id, a.Verdict, nil)
			return a.outcome()
		case refused == nil || refused.byClock():
			refused = &a.Verdict
		}
		if a.node >= 0 {
			refusing[a.node] = true
		}
	}
	if refused == nil {
		return 0, noAnswer(errs)
	}
	return c.refused(id, *refused, len(refusing) >= all, errs)
}

// refused is what becomes of a block that one node refuses, or all do. Another may have taken it before, and be
// silent at the moment. A refusal by the time of day is not remembered: one that is silent may take the block, and all may
// once their clocks are set, as after a loss of power.
func (c *Chain) refused(id bc.Hash, v Verdict, byAll bool, errs []error) (mining.Outcome, error) {
	if old, ok := c.said.Peek(id); v.byClock() && (!ok || !old.taken()) {
		if !byAll {
			return 0, noAnswer(append(errs, errors.New(v.Detail)))
		}
		return v.outcome()
	}
	if !c.note(id, v, (*Verdict).taken) {
		return mining.Duplicate, nil
	}
	return v.outcome()
}

// noAnswer is that no node has answered for a block, and why.
func noAnswer(errs []error) error {
	err := fmt.Errorf("%w: no node has answered for the block: it is sent again", mining.ErrNotReady)
	if len(errs) > 0 {
		err = fmt.Errorf("%w: %w", err, errors.Join(errs...))
	}
	return err
}

// note remembers what was said of a block, but where what was said before holds; nil is that nothing does.
func (c *Chain) note(id bc.Hash, v Verdict, holds func(*Verdict) bool) (noted bool) {
	c.mu.Lock()
	old, ok := c.said.Peek(id)
	if noted = !ok || holds == nil || !holds(&old); noted {
		c.said.Add(id, v)
	}
	c.mu.Unlock()
	if noted {
		c.cfg.Spoken()
	}
	return noted
}

// Ask asks the nodes where a block stands that they were brought before, by bringing it again. The
// error, of kind ErrNotReady, says that none has answered.
func (c *Chain) Ask(ctx context.Context, block *types.Block, by mining.Finder) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Patience)
	context.AfterFunc(ctx, cancel) // One node's answer does not cut off another's.
	if _, err := c.bring(ctx, block, by); errors.Is(err, mining.ErrNotReady) {
		return err
	}
	return nil
}

// Verdict takes what node says of a block by the engine: when it was sent there, or later, when it
// has left the best chain or come back. One that takes a block outweighs a refusal only while the
// block is brought to it: another node may have refused it for good. That a node lacked the block's parent is none.
// What another node says is not heard while the first one speaks of the block.
func (c *Chain) Verdict(node PublicKey, v *Verdict) {
	from := slices.Index(c.cfg.Nodes, node)
	if from == 0 {
		c.noteFirst(v)
	}
	id := bc.NewHash(v.Hash)
	if v.taken() {
		c.note(id, *v, func(old *Verdict) bool { return old.Error != "" || from != 0 && old.taken() && c.firstSpeaks(id) })
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for answers, of := range c.waits {
		if of != id {
			continue
		}
		select {
		case answers <- answer{Verdict: *v, node: from}:
		default:
		}
	}
}

// Announce does nothing: the nodes do.
func (c *Chain) Announce(*types.Block) {}

// Tip is what the work that is served builds on.
func (c *Chain) Tip() mining.Tip { return c.cfg.Feed.Tip() }

// After is Tip, if that is what is asked for.
func (c *Chain) After(parent bc.Hash) (mining.Tip, bool) {
	tip := c.Tip()
	return tip, tip.Hash == parent
}

// Place is where a block stood when a node last spoke of it, and how long the node's chain was then.
func (c *Chain) Place(id bc.Hash, height uint64) mining.Place {
	v, ok := c.said.Get(id)
	if !ok {
		return mining.Place{Best: c.Tip().Height}
	}
	p := mining.Place{Known: true, Main: v.Main, There: bc.NewHash(v.Winner), Best: v.Best}
	if _, p.Invalid = v.outcome(); p.Invalid == nil {
		// An orphan may be taken when its parent is known, which a chain that is so much longer never hears of.
		if p.Known = v.taken(); !p.Known && v.Best < height+mining.MaturedAt {
			p.There = bc.Hash{}
		}
	}
	return p
}

// Select, Check and Ready are for who builds templates, which a front does not.

// Select returns an error of kind ErrNotReady.
func (c *Chain) Select(context.Context, mining.Tip) ([]mining.Candidate, error) {
	return nil, fmt.Errorf("%w: a front has no pool of transactions", mining.ErrNotReady)
}

// Check returns an error of kind ErrNotReady.
func (c *Chain) Check(context.Context, *types.Block) error {
	return fmt.Errorf("%w: a front has no chain", mining.ErrNotReady)
}

// Ready is why there is no work.
func (c *Chain) Ready() error {
	_, err := c.cfg.Feed.Current()
	return err
}

// NewVerdict is what a node says of a block, by what its Submitter said.
func NewVerdict(id bc.Hash, v mining.Verdict, best uint64, err error) Verdict {
	out := Verdict{Hash: id.Byte32(), Outcome: int(v.Outcome), Main: v.Main, Winner: v.Winner.Byte32(), Best: best}
	if err == nil && !v.Main {
		err = v.Invalid // Its chain has it, and refused it before.
	}
	if err == nil {
		return out
	}
	out.Detail = err.Error()
	out.Error = string(mining.ErrNotReady) // Nobody has said anything of the block.
	if kind := mining.ErrorKind(""); errors.As(err, &kind) {
		out.Error = string(kind)
	}
	return out
}

// has reports whether the node has the block, decided or not.
func (v *Verdict) has() bool { return v.Error == "" && mining.Outcome(v.Outcome) != mining.Orphan }

// open reports whether the node has the block and has not decided where it stands: it is neither on the best
// branch, nor is another there.
func (v *Verdict) open() bool { return v.has() && !v.Main && v.Winner == [32]byte{} }

// taken reports whether the node has the block in its chain, on the best branch or not.
func (v *Verdict) taken() bool { return v.has() && !v.open() }

// byClock reports whether the node refuses the block by what time it takes it to be.
func (v *Verdict) byClock() bool { return v.Error == string(mining.ErrTimeTooNew) }

// refusedBy is an error of a kind of package mining, in a node's words.
type refusedBy struct {
	kind   mining.ErrorKind
	detail string
}

func (e refusedBy) Error() string { return e.detail }
func (e refusedBy) Unwrap() error { return e.kind }

// outcome is the verdict as a mining.Sink returns it.
func (v *Verdict) outcome() (mining.Outcome, error) {
	if v.Error != "" {
		return 0, refusedBy{mining.ErrorKind(v.Error), v.Detail}
	}
	return mining.Outcome(v.Outcome), nil
}

package selection

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/database/storage"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

const (
	// maxTemplateBytes caps a template's transactions: peers refuse messages of
	// 22,020,098 bytes and answers of half that, in hexadecimal.
	maxTemplateBytes = 10_000_000
	// maxPackage bounds how many transactions are weighed together. Those behind a
	// longer chain of unconfirmed ones get their turn when the chain has shortened.
	maxPackage = 100
)

// Selector chooses a block's transactions for the fees that they pay.
//
// A transaction is weighed together with the unconfirmed ones that it needs, by
// fee per gas, so that a child that pays well brings its parent in. The best
// package that fits goes first, parents before children; what does not fit or
// can't be spent is left out and costs no other its place. Where something had to
// be left out, the pool's order of arrival is tried as well and the better of the
// two taken: never less than the stock node's choice.
//
// The operator's overrides and least fee rate come first: what is excluded or pays
// too little is not there for any of this, and what is added to a fee counts in
// the order, but not in what the coinbase is paid.
//
// The pool is not edited. Selector is safe for concurrent use.
type Selector struct {
	chain     *protocol.Chain
	log       *slog.Logger
	limit     limits
	overrides *Overrides

	mu sync.Mutex // one choice at a time
	// lastValidated are the pool's transactions of the last choice, as validated.
	lastValidated atomic.Pointer[map[bc.Hash]*Validated]
	// lastOutputs are the outputs that it looked up.
	lastOutputs atomic.Pointer[outputs]
	last        atomic.Pointer[lastChoice]
}

// limits are what a block holds.
type limits struct {
	gas, bytes uint64
	// feeRate is the least fee per gas. Below it a transaction needs a child that
	// makes up for it, or the operator's priority.
	feeRate float64
}

// Config configures a Selector.
type Config struct {
	Chain *protocol.Chain
	// Overrides are the operator's; nil has none.
	Overrides *Overrides
	// MinFeeRate is the least fee per gas, in the smallest unit of BTM; 0 is none.
	MinFeeRate float64
	// MaxGas is how much gas a block's transactions may take; 0 is consensus.MaxBlockGas.
	MaxGas uint64
	Log    *slog.Logger
}

// New returns a Selector that has chosen nothing yet.
func New(c Config) *Selector {
	if c.MaxGas == 0 {
		c.MaxGas = consensus.MaxBlockGas
	}
	return &Selector{
		chain: c.Chain, log: c.Log, overrides: c.Overrides,
		limit: limits{gas: c.MaxGas, bytes: maxTemplateBytes, feeRate: c.MinFeeRate},
	}
}

// candidate is a valid transaction of the pool, in one choice.
type candidate struct {
	mining.Candidate
	Override
	bytes   uint64
	arrival int
	slot    int // in a choice's slices
	parents []*candidate
	// children are those that spend its outputs.
	children []*candidate
}

// worth is the fee as the operator sees it.
func (c *candidate) worth() int64 { return int64(c.Fee) + c.Delta }

// Choose picks from a pool for a block of a height; it sorts the slice that it is given.
// Its error is ctx's or the database's.
func (s *Selector) Choose(ctx context.Context, pool []*protocol.TxDesc, height uint64) ([]mining.Candidate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(pool, func(a, b *protocol.TxDesc) int { return a.Added.Compare(b.Added) })
	known, err := s.validate(ctx, pool, height)
	if err != nil {
		return nil, err
	}
	all := s.candidates(pool, known)
	found, err := s.lookUp(all)
	if err != nil {
		return nil, err
	}
	linkParents(all)
	best := s.best(all, found.entries, height)
	s.remember(known, all, best)
	return best.chosen, nil
}

// validate returns what validation says of the pool's transactions at a height. What
// is known and can't have changed is not validated again.
func (s *Selector) validate(ctx context.Context, pool []*protocol.TxDesc, height uint64) (map[bc.Hash]*Validated, error) {
	known := make(map[bc.Hash]*Validated, len(pool))
	var fresh []*types.Tx
	for _, desc := range pool {
		if v := s.validatedAs(desc.Tx, height); v != nil {
			known[desc.Tx.ID] = v
		} else {
			fresh = append(fresh, desc.Tx)
		}
	}
	results, err := validateAll(ctx, fresh, &bc.Block{BlockHeader: &bc.BlockHeader{Version: 1, Height: height}})
	for _, v := range results {
		if v != nil {
			known[v.Tx.ID] = v
		}
	}
	// Where ctx ended, the next choice goes on from here.
	s.lastValidated.Store(&known)
	return known, err
}

// validatedAs is the result of a transaction's validation if the last choice left
// one that holds at a height.
func (s *Selector) validatedAs(tx *types.Tx, height uint64) *Validated {
	known := s.lastValidated.Load()
	if known == nil {
		return nil
	}
	if v := (*known)[tx.ID]; v.holds(tx, height) {
		return v
	}
	return nil
}

// candidates are the valid ones of a pool, in its order.
func (s *Selector) candidates(pool []*protocol.TxDesc, known map[bc.Hash]*Validated) []*candidate {
	all := make([]*candidate, 0, len(pool))
	for i, desc := range pool {
		v := known[desc.Tx.ID]
		if v.Invalid != nil {
			continue
		}
		all = append(all, &candidate{
			Candidate: v.Candidate, Override: s.overrides.of(desc.Tx.ID), bytes: desc.Tx.SerializedSize, arrival: i,
		})
	}
	return all
}

// lookUp finds what the transactions spend. What was found before is looked up again
// only if a block has touched it since.
func (s *Selector) lookUp(all []*candidate) (*outputs, error) {
	txs := make([]*bc.Tx, len(all))
	for i, c := range all {
		txs[i] = c.Tx.Tx
	}
	// A block that connects meanwhile does no harm: what it touches is stale at the
	// next choice, however much of it was seen here.
	found, err := s.lastOutputs.Load().at(s.chain.GetBlockIndex().BestNode(), s.chain).lookUp(txs, s.chain)
	if err != nil {
		return nil, err
	}
	s.lastOutputs.Store(found)
	return found, nil
}

// linkParents finds who spends whose outputs.
func linkParents(all []*candidate) {
	maker := make(map[bc.Hash]*candidate, len(all))
	for i, c := range all {
		c.slot, c.parents, c.children = i, nil, nil
		for _, id := range c.Tx.ResultIds {
			maker[*id] = c
		}
	}
	for _, c := range all {
		for _, id := range c.Tx.SpentOutputIDs {
			if p := maker[id]; p != nil && p != c && moves(c.Tx.Tx, id, c.GasOnly) && !slices.Contains(c.parents, p) {
				c.parents = append(c.parents, p)
				p.children = append(p.children, c)
			}
		}
	}
}

// best is the choice that is worth the most of those tried. Where everything fits,
// one is enough. Where not, fee per gas is the best order for a full block, but of
// two that spend the same output it takes the one that pays more for its gas, where
// there may be room for the one that pays more; and the stock node's order must
// never win.
func (s *Selector) best(all []*candidate, base map[bc.Hash]*storage.UtxoEntry, height uint64) *assembler {
	best := s.newAssembler(all, base, height)
	best.byPackage(all, feePerGas)
	if !best.contested {
		return best
	}
	byFee, byArrival := s.newAssembler(all, base, height), s.newAssembler(all, base, height)
	var others sync.WaitGroup
	others.Go(func() { byFee.byPackage(all, feeAlone) })
	others.Go(func() { byArrival.byArrival(all) })
	others.Wait()
	for _, other := range []*assembler{byFee, byArrival} {
		if other.worth > best.worth {
			best = other
		}
	}
	return best
}

package node

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/state"
	"github.com/bytom/bytom/protocol/validation"

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

// selector chooses a block's transactions for the fees that they pay.
//
// A transaction is weighed together with the unconfirmed ones that it needs, by
// fee per gas, so that a child that pays well brings its parent in. The best
// package that fits goes first, parents before children; what does not fit or
// can't be spent is left out and costs no other its place. Where something had to
// be left out, the pool's order of arrival is tried as well and the better of the
// two taken: never less than the stock node's choice.
//
// The pool is not edited. selector is safe for concurrent use.
type selector struct {
	chain *protocol.Chain
	log   *slog.Logger
	limit limits

	mu     sync.Mutex
	height uint64
	// known are the validated transactions of the last choice. Programs can ask for
	// the height of the block, so it is good for one height alone.
	known map[bc.Hash]*candidate
}

// limits are what a block holds.
type limits struct{ gas, bytes uint64 }

func newSelector(chain *protocol.Chain, log *slog.Logger) *selector {
	return &selector{chain: chain, log: log, limit: limits{consensus.MaxBlockGas, maxTemplateBytes}}
}

// candidate is a validated transaction of the pool.
type candidate struct {
	mining.Candidate
	bytes   uint64
	arrival int
	parents []*candidate
	// children are those that spend what it makes.
	children []*candidate
	// invalid says why it can't stand in a block of this height.
	invalid error
}

// choose picks from a pool for a block of a height. Its error is ctx's or the
// database's.
func (s *selector) choose(ctx context.Context, pool []*protocol.TxDesc, height uint64) ([]mining.Candidate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := s.validate(ctx, pool, height)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	view, err := s.outputs(all)
	if err != nil {
		return nil, err
	}
	relate(all)
	best := s.best(all, view, height)
	s.report(all, best)
	return best.chosen, nil
}

// best is the choice that pays the most of those tried. Where everything fits, one
// is enough. Where not, fee per gas is the best order for a full block, but of two
// that spend the same output it takes the one that pays more for its gas, where
// there may be room for the one that pays more; and the stock node's order must
// never win.
func (s *selector) best(all []*candidate, view *state.UtxoViewpoint, height uint64) *choice {
	best := s.newChoice(view, height)
	best.byPackage(all, feePerGas)
	if len(best.chosen) == len(all) {
		return best
	}
	byFee, byArrival := s.newChoice(view, height), s.newChoice(view, height)
	byFee.byPackage(all, feeAlone)
	byArrival.byArrival(all)
	for _, other := range []*choice{byFee, byArrival} {
		if other.fees > best.fees {
			best = other
		}
	}
	return best
}

// validate keeps the pool's transactions that are valid at a height, in order of
// arrival. What was validated for that height before is not validated again.
func (s *selector) validate(ctx context.Context, pool []*protocol.TxDesc, height uint64) ([]*candidate, error) {
	slices.SortFunc(pool, func(a, b *protocol.TxDesc) int { return a.Added.Compare(b.Added) })
	if s.height != height {
		s.height, s.known = height, nil
	}
	known := make(map[bc.Hash]*candidate, len(pool))
	block := &bc.Block{BlockHeader: &bc.BlockHeader{Version: 1, Height: height}}
	var valid []*candidate
	for i, desc := range pool {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c := s.known[desc.Tx.ID]
		if c == nil {
			c = validate(desc, block)
		}
		known[desc.Tx.ID] = c
		c.arrival, c.parents, c.children = i, nil, nil
		if c.invalid == nil {
			valid = append(valid, c)
		}
	}
	s.known = known
	return valid, nil
}

func validate(desc *protocol.TxDesc, block *bc.Block) *candidate {
	c := &candidate{bytes: desc.Tx.SerializedSize}
	gas, err := validation.ValidateTx(desc.Tx.Tx, block)
	if err != nil && !gas.GasValid {
		c.invalid = fmt.Errorf("invalid: %w", err)
		return c
	}
	// One that fails but for its gas still pays it.
	c.Candidate = mining.Candidate{Tx: desc.Tx, Fee: gas.BTMValue, Gas: uint64(gas.GasUsed), GasOnly: err != nil}
	return c
}

// outputs looks up what the transactions spend.
func (s *selector) outputs(all []*candidate) (*state.UtxoViewpoint, error) {
	view := state.NewUtxoViewpoint()
	txs := make([]*bc.Tx, len(all))
	for i, c := range all {
		txs[i] = c.Tx.Tx
	}
	if err := s.chain.GetTransactionsUtxo(view, txs); err != nil {
		return nil, fmt.Errorf("look up inputs: %w", err)
	}
	return view, nil
}

// relate finds who spends whose outputs.
func relate(all []*candidate) {
	maker := make(map[bc.Hash]*candidate)
	for _, c := range all {
		for _, id := range c.Tx.ResultIds {
			maker[*id] = c
		}
	}
	for _, c := range all {
		for _, id := range c.Tx.SpentOutputIDs {
			if p := maker[id]; p != nil && p != c && !slices.Contains(c.parents, p) {
				c.parents = append(c.parents, p)
				p.children = append(p.children, c)
			}
		}
	}
}

func (s *selector) report(all []*candidate, best *choice) {
	left := 0
	for _, c := range s.known {
		if c.invalid != nil {
			left++
		}
	}
	if left += len(all) - len(best.chosen); left > 0 {
		s.log.Debug("transactions left out of the template", "left", left, "chosen", len(best.chosen))
	}
}

// choice is a block's transactions as they are chosen.
type choice struct {
	limit  limits
	base   *state.UtxoViewpoint // not changed: what the chain has
	height uint64

	chosen           []mining.Candidate
	in, out          map[*candidate]bool // chosen, and found impossible
	made, spent      map[bc.Hash]bool    // outputs, by what was chosen
	fees, gas, bytes uint64
}

func (s *selector) newChoice(view *state.UtxoViewpoint, height uint64) *choice {
	return &choice{
		limit: s.limit, base: view, height: height,
		in: make(map[*candidate]bool), out: make(map[*candidate]bool),
		made: make(map[bc.Hash]bool), spent: make(map[bc.Hash]bool),
	}
}

// byArrival goes through the pool in order, and again while that finds parents
// that came after their children.
func (b *choice) byArrival(all []*candidate) {
	for progress := true; progress; {
		progress = false
		for _, c := range all {
			if !b.in[c] && b.fits(c.Gas, c.bytes) && b.add(c) == nil {
				progress = true
			}
		}
	}
}

// byPackage takes the best package by an order, as long as one fits.
func (b *choice) byPackage(all []*candidate, better func(a, b pack) bool) {
	queue := packages{better: better}
	for _, c := range all {
		if p, ok := b.packageOf(c); ok {
			queue.all = append(queue.all, p)
		}
	}
	heap.Init(&queue)
	for queue.Len() > 0 {
		p := heap.Pop(&queue).(pack)
		if b.in[p.last] || b.out[p.last] {
			continue
		}
		now, ok := b.packageOf(p.last)
		if !ok {
			continue // Back in the queue when what it needs is chosen.
		}
		if now.gas != p.gas || now.fees != p.fees {
			heap.Push(&queue, now)
			continue
		}
		if !b.fits(now.gas, now.bytes) {
			continue // Less of it may fit, and stands in the queue for itself.
		}
		for _, c := range now.members {
			if b.add(c) != nil {
				b.out[c] = true
				break
			}
			for _, child := range c.children {
				if p, ok := b.packageOf(child); ok && !b.in[child] {
					heap.Push(&queue, p)
				}
			}
		}
	}
}

func (b *choice) fits(gas, bytes uint64) bool {
	return b.gas+gas <= b.limit.gas && b.bytes+bytes <= b.limit.bytes
}

var (
	errSpent    = errors.New("an input is spent, or does not exist")
	errImmature = errors.New("an input is a coinbase that is not mature yet")
)

// add puts a transaction at the end, or says why its inputs do not allow that. The
// rules are those of state.UtxoViewpoint.ApplyTransaction, which would stop halfway.
func (b *choice) add(c *candidate) error {
	counts := func(id bc.Hash) bool {
		out, err := c.Tx.Output(id)
		return err == nil && (!c.GasOnly || *out.Source.Value.AssetId == *consensus.BTMAssetID)
	}
	for _, id := range c.Tx.SpentOutputIDs {
		if !counts(id) {
			continue
		}
		entry := b.base.Entries[id]
		switch {
		case b.spent[id], !b.made[id] && (entry == nil || entry.Spent):
			return errSpent
		case entry != nil && entry.IsCoinBase && entry.BlockHeight+consensus.CoinbasePendingBlockNumber > b.height:
			return errImmature
		}
	}
	for _, id := range c.Tx.SpentOutputIDs {
		if counts(id) {
			b.spent[id] = true
		}
	}
	for _, id := range c.Tx.ResultIds {
		if counts(*id) {
			b.made[*id] = true
		}
	}
	b.in[c] = true
	b.chosen = append(b.chosen, c.Candidate)
	b.fees, b.gas, b.bytes = b.fees+c.Fee, b.gas+c.Gas, b.bytes+c.bytes
	return nil
}

// pack is a transaction with those that it needs and that are not chosen yet.
type pack struct {
	last             *candidate
	members          []*candidate // parents before children, last at the end
	fees, gas, bytes uint64
}

// packageOf is a transaction's package, unless something that it needs is
// impossible or it is too long.
func (b *choice) packageOf(last *candidate) (p pack, ok bool) {
	p.last = last
	seen := make(map[*candidate]bool)
	var visit func(c *candidate) bool
	visit = func(c *candidate) bool {
		if b.in[c] || seen[c] {
			return true
		}
		if seen[c] = true; b.out[c] || len(seen) > maxPackage {
			return false
		}
		for _, parent := range c.parents {
			if !visit(parent) {
				return false
			}
		}
		p.members = append(p.members, c)
		p.fees, p.gas, p.bytes = p.fees+c.Fee, p.gas+c.Gas, p.bytes+c.bytes
		return true
	}
	return p, visit(last)
}

// feePerGas puts the package first that pays more for its gas.
func feePerGas(a, b pack) bool {
	if x, y := float64(a.fees)*float64(b.gas), float64(b.fees)*float64(a.gas); x != y {
		return x > y
	}
	return a.last.arrival < b.last.arrival
}

// feeAlone puts the package first that pays more.
func feeAlone(a, b pack) bool {
	if a.fees != b.fees {
		return a.fees > b.fees
	}
	return feePerGas(a, b)
}

// packages is a heap, the best on top.
type packages struct {
	all    []pack
	better func(a, b pack) bool
}

func (q packages) Len() int           { return len(q.all) }
func (q packages) Less(i, j int) bool { return q.better(q.all[i], q.all[j]) }
func (q packages) Swap(i, j int)      { q.all[i], q.all[j] = q.all[j], q.all[i] }

// Push satisfies heap.Interface.
func (q *packages) Push(x any) { q.all = append(q.all, x.(pack)) }

// Pop satisfies heap.Interface.
func (q *packages) Pop() any {
	last := q.all[len(q.all)-1]
	q.all = q.all[:len(q.all)-1]
	return last
}

package mining

import (
	"context"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Tip is the end of the best chain and what it asks of the next block. It is a
// value: it does not change when the chain does.
type Tip struct {
	// Hash and Height are the best block's.
	Hash   bc.Hash
	Height uint64
	// Bits is the compact target of the next block.
	Bits uint64
	// Seed is the Tensority seed of the next block.
	Seed bc.Hash
	// MedianTime is the median timestamp of the last 11 blocks, in Unix seconds.
	// The next block's must be above it.
	MedianTime uint64
}

// Candidate is a transaction that can stand in the next block.
type Candidate struct {
	Tx *types.Tx
	// Fee is what it pays, in the smallest unit of BTM.
	Fee uint64
	// Gas is what it takes of the block's limit of 10,000,000.
	Gas uint64
	// GasOnly means that its validation fails but for the gas, which the block still gets.
	GasOnly bool
}

// Place is where a block stands in the chain.
type Place struct {
	// Known means that the chain has the block, Main that it is part of the best
	// chain.
	Known, Main bool
	// Invalid is why the chain refused a block that it has all the same; nil where it did
	// not, or where that is no longer known.
	Invalid error
	// There is the best chain's block of that height; zero if it is shorter.
	There bc.Hash
	// Best is the best chain's height.
	Best uint64
}

// Decided reports whether a block of a height is on the best chain, or lost to another one there. One that
// the chain has forgotten, see Replay, is lost when the chain has gone on without it.
func (p Place) Decided(height uint64) bool {
	switch {
	case !p.Main && p.There == (bc.Hash{}):
		return false // The chain is processing it, or does not reach as far.
	case !p.Known:
		return p.Best >= height+forgetAfter
	}
	return true
}

// Source is what mining reads from the chain. All methods are safe for concurrent
// use.
type Source interface {
	// Tip is the end of the best chain now.
	Tip() Tip
	// After is what the chain asks of a block on top of parent; false if it does not know
	// parent.
	After(parent bc.Hash) (Tip, bool)
	// Place is where a block of a height stands in the chain.
	Place(id bc.Hash, height uint64) Place
	// Select chooses the transactions of the block that follows tip, parents
	// before children, within the limits of gas and size. It returns ErrTipMoved
	// if tip is no longer the tip.
	Select(ctx context.Context, tip Tip) ([]Candidate, error)
	// Check validates a block on the tip by all rules but the proof of work, and changes
	// nothing. The error is of one of this package's kinds; where one transaction
	// is at fault it is a TxError.
	Check(ctx context.Context, block *types.Block) error
	// Ready is nil when a block mined now could be worth something, else an
	// error of kind ErrNotReady that says what is missing.
	Ready() error
}

// Outcome is what became of a block that the chain did not refuse.
type Outcome int

// The outcomes of a block.
const (
	// MainChain means that the block is part of the best chain.
	MainChain Outcome = iota
	// SideChain means that the block is valid and stored, but another branch is
	// the best: the race is lost, for now.
	SideChain
	// Duplicate means that the chain had the block already.
	Duplicate
	// Orphan means that the block's parent is unknown.
	Orphan
)

// String names the outcome.
func (o Outcome) String() string {
	switch o {
	case MainChain:
		return "main chain"
	case SideChain:
		return "side chain"
	case Duplicate:
		return "duplicate"
	case Orphan:
		return "orphan"
	}
	return "unknown"
}

// Sink is where mining delivers blocks: the chain. All methods are safe for concurrent
// use.
type Sink interface {
	// Process adds a block to the chain; a chain elsewhere is told who found it. An error says why it
	// was refused; it is of one of this package's kinds.
	Process(ctx context.Context, block *types.Block, by Finder) (Outcome, error)
	// Announce sends a block to the peers. It does not wait for them.
	Announce(block *types.Block)
}

package watch

import (
	"fmt"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Chain is what is read of this node's chain. All methods are safe for concurrent use.
type Chain interface {
	// Tip is the end of the best chain now.
	Tip() mining.Tip
	// After is what the chain asks of a block on top of parent; false if it does not know
	// parent.
	After(parent bc.Hash) (mining.Tip, bool)
	// Place is where a block of a height stands in the chain.
	Place(id bc.Hash, height uint64) mining.Place
}

// finding is what a source's work shows beside our chain.
type finding struct {
	// ahead is by how many blocks the source's chain is longer than ours.
	ahead int64
	// main means that it builds on a block of our best chain, other that ours has another
	// block at that height. Neither, and it is above ours.
	main, other bool
	// next is what our chain asks of a block on that parent, where it has it: known.
	next  mining.Tip
	known bool
	// refused is why our chain did not take the parent, if it has it.
	refused error
	// ours is our block at the height of the parent.
	ours bc.Hash
}

// compare holds a source's work against a chain. The error says why the work makes no sense.
func compare(chain Chain, v view) (finding, error) {
	at, tip := v.height-1, chain.Tip()
	f := finding{ahead: int64(at) - int64(tip.Height)}
	f.next, f.known = chain.After(v.parent)
	if f.known && f.next.Height != at {
		return f, fmt.Errorf("its work is for height %d, on a block of height %d", v.height, f.next.Height)
	}
	p := chain.Place(v.parent, at)
	f.main, f.refused, f.ours = p.Main, p.Invalid, p.There
	f.other = !p.Main && f.ahead <= 0
	return f, nil
}

// branch is the evidence that a source's chain is not ours: a block of its that is not at
// its height in our best chain.
type branch struct {
	set    bool
	block  bc.Hash
	height uint64
}

// follow updates the evidence. It stands while the source is above our chain, of which
// nothing can be said, and falls with the first common block.
func (b *branch) follow(chain Chain, v view, f finding) {
	if b.set && chain.Place(b.block, b.height).Main {
		*b = branch{} // We are on its branch now.
	}
	switch {
	case f.main:
		*b = branch{}
	case f.other && !b.set:
		*b = branch{true, v.parent, v.height - 1}
	}
}

// moved reports whether the source has gone on since on its branch, which is then one of
// two blocks at least.
func (b *branch) moved(v view) bool { return b.set && v.height-1 != b.height }

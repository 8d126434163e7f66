package selection

import (
	"fmt"

	"github.com/bytom/bytom/database/storage"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/state"
)

// maxFollowed is how many blocks outputs are carried over; behind more, all are
// looked up again.
const maxFollowed = 6

// outputs are what the chain's database said of outputs at a tip. A look-up there
// costs 14 to 100 µs, and a pool spends 10,000 of them; from one block to the next
// few change. They are immutable.
type outputs struct {
	tip *state.BlockNode
	// entries holds nil for what does not exist.
	entries map[bc.Hash]*storage.UtxoEntry
	// stale are those that blocks after tip have spent or created.
	stale map[bc.Hash]bool
}

// at is what is still true at another tip: nothing, if that is on another branch or
// far ahead.
func (o *outputs) at(tip *state.BlockNode, chain *protocol.Chain) *outputs {
	moved := &outputs{tip: tip, stale: make(map[bc.Hash]bool)}
	if o == nil {
		return moved
	}
	node := tip
	for range maxFollowed {
		if node == o.tip {
			moved.entries = o.entries
			return moved
		}
		block, err := chain.GetBlockByHash(&node.Hash)
		if err != nil || node.Parent == nil {
			return moved
		}
		for _, tx := range block.Transactions {
			for _, id := range tx.SpentOutputIDs {
				moved.stale[id] = true
			}
			for _, id := range tx.ResultIds {
				moved.stale[*id] = true
			}
		}
		node = node.Parent
	}
	return moved
}

// get is an output, if it is known; nil if it is known not to exist.
func (o *outputs) get(id bc.Hash) (entry *storage.UtxoEntry, known bool) {
	if o.stale[id] {
		return nil, false
	}
	entry, known = o.entries[id]
	return entry, known
}

// lookUp is what the chain says of all that transactions spend; it asks the database
// for what o does not know.
func (o *outputs) lookUp(txs []*bc.Tx, chain *protocol.Chain) (*outputs, error) {
	all := &outputs{tip: o.tip, entries: make(map[bc.Hash]*storage.UtxoEntry, len(txs))}
	var unknown bc.Tx
	for _, tx := range txs {
		for _, id := range tx.SpentOutputIDs {
			entry, known := o.get(id)
			if !known {
				unknown.SpentOutputIDs = append(unknown.SpentOutputIDs, id)
			}
			all.entries[id] = entry
		}
	}
	view := state.NewUtxoViewpoint()
	if err := chain.GetTransactionsUtxo(view, []*bc.Tx{&unknown}); err != nil {
		return nil, fmt.Errorf("look up inputs: %w", err)
	}
	for id, entry := range view.Entries {
		all.entries[id] = entry
	}
	return all, nil
}

// scratch is a view of the outputs that can be changed.
func (o *outputs) scratch() *state.UtxoViewpoint {
	view := state.NewUtxoViewpoint()
	for id, entry := range o.entries {
		if entry != nil {
			view.Entries[id] = storage.NewUtxoEntry(entry.IsCoinBase, entry.BlockHeight, entry.Spent)
		}
	}
	return view
}

package selection

import (
	"context"
	"errors"
	"fmt"

	"github.com/bytom/bytom/database/storage"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/state"

	"github.com/bytom-solo/bytom-solo/mining"
)

// ValidateBlock validates a block's transactions, each by itself; mapped is that block. A
// transaction that was validated as one of the pool is not validated again, but for the
// first one. Its error is ctx's: what is invalid stands in the results.
func (s *Selector) ValidateBlock(ctx context.Context, block *types.Block, mapped *bc.Block) ([]*Validated, error) {
	results := make([]*Validated, len(block.Transactions))
	var rest []*types.Tx
	for i, tx := range block.Transactions {
		if i > 0 { // The first one's place matters to its validity.
			results[i] = s.validatedAs(tx, block.Height)
		}
		if results[i] == nil {
			rest = append(rest, tx)
		}
	}
	fresh, err := validateAll(ctx, rest, mapped)
	if err != nil {
		return nil, err
	}
	for i := range results {
		if results[i] == nil {
			results[i], fresh = fresh[0], fresh[1:]
		}
	}
	return results, nil
}

// CheckOutputs applies a block to what is unspent at a tip, which must be its parent. The
// block's TransactionStatus says which transactions fail but for their gas. The error is
// a *mining.TxError of kind mining.ErrBadInput, or of kind mining.ErrRejected where the
// database fails.
func (s *Selector) CheckOutputs(block *bc.Block, tip *state.BlockNode) error {
	found, err := s.lastOutputs.Load().at(tip, s.chain).lookUp(block.Transactions, s.chain)
	if err != nil {
		return fmt.Errorf("%w: %w", mining.ErrRejected, err)
	}
	view := found.scratch()
	entry := func(id bc.Hash) *storage.UtxoEntry { return view.Entries[id] }
	for i, tx := range block.Transactions {
		gasOnly := block.TransactionStatus.VerifyStatus[i].StatusFail
		err := checkInputs(tx, gasOnly, block.Height, entry)
		if err == nil {
			err = view.ApplyTransaction(block, tx, gasOnly)
		}
		if err != nil && !errors.Is(err, mining.ErrBadInput) {
			err = fmt.Errorf("%w: %w", mining.ErrBadInput, err)
		}
		if err != nil {
			return &mining.TxError{Index: i, ID: tx.ID, Err: err}
		}
	}
	return nil
}

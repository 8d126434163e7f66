package node

import (
	"context"
	"fmt"

	"github.com/bytom/bytom/blockchain/txbuilder"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/state"

	"github.com/bytom-solo/bytom-solo/payout"
)

// payoutChain is the node's chain as payouts ask for it.
type payoutChain struct {
	chain *protocol.Chain
}

var _ payout.Chain = (*payoutChain)(nil)

// Best satisfies payout.Chain.
func (c *payoutChain) Best() (height uint64, hash bc.Hash) {
	node := c.chain.GetBlockIndex().BestNode()
	return node.Height, node.Hash
}

// MainHash satisfies payout.Chain.
func (c *payoutChain) MainHash(height uint64) (bc.Hash, bool) {
	node := c.chain.GetBlockIndex().NodeByHeight(height)
	if node == nil {
		return bc.Hash{}, false
	}
	return node.Hash, true
}

// Block satisfies payout.Chain.
func (c *payoutChain) Block(hash bc.Hash) (*types.Block, error) {
	block, err := c.chain.GetBlockByHash(&hash)
	if err != nil && !c.chain.GetBlockIndex().BlockExist(&hash) {
		return nil, fmt.Errorf("%w: %s", payout.ErrNoBlock, hash.String())
	}
	if err != nil {
		return nil, fmt.Errorf("block %s: %w", hash.String(), err)
	}
	return block, nil
}

// Unspent satisfies payout.Chain. Not by Store.GetUtxo, whose error for an output that is not
// there is the one for a store that can't be read.
func (c *payoutChain) Unspent(output bc.Hash) (bool, error) {
	view := state.NewUtxoViewpoint()
	if err := c.chain.GetTransactionsUtxo(view, []*bc.Tx{{SpentOutputIDs: []bc.Hash{output}}}); err != nil {
		return false, fmt.Errorf("output %s: %w", output.String(), err)
	}
	return view.CanSpend(&output), nil
}

// Submit satisfies payout.Chain: it does what the stock route submit-transaction does. The
// pool's news of it has the peers told.
func (c *payoutChain) Submit(tx *types.Tx) error {
	// The chain keeps and changes what it is given, and remembers an error by the address of
	// the id: each time has a transaction of its own.
	own, err := copyTx(tx)
	if err == nil {
		err = txbuilder.FinalizeTx(context.Background(), c.chain, own)
	}
	if err != nil {
		return fmt.Errorf("submit transaction %s: %w", tx.ID.String(), err)
	}
	return nil
}

// copyTx reads what a transaction is on the wire.
func copyTx(tx *types.Tx) (*types.Tx, error) {
	text, err := tx.TxData.MarshalText()
	if err != nil {
		return nil, err
	}
	own := new(types.Tx)
	if err := own.UnmarshalText(text); err != nil {
		return nil, err
	}
	return own, nil
}

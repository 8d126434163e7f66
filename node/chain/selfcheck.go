package chain

import (
	"context"
	"fmt"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/state"

	"github.com/bytom-solo/bytom-solo/mining"
)

// Check applies to a block on the tip every rule that the chain will, but the proof
// of work: it is BIP 23's proposal mode, and what our own templates must pass before
// they are served. The error is of a kind of package mining, and is a
// *mining.TxError where one transaction is at fault. Neither the chain nor the pool
// is changed. Transactions that the selector has validated for this height are not
// validated again.
//
// A block whose first transaction is no coinbase passes if that has one output of
// exactly the coinbase's amount: the chain asks for no more.
func (c *Chain) Check(ctx context.Context, block *types.Block) (err error) {
	defer func() {
		// A block that was put together by hand can hold what no decoder yields.
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", mining.ErrMalformed, p)
		}
	}()
	if err := mining.CheckShape(block); err != nil {
		return err
	}
	tip := c.GetBlockIndex().BestNode()
	if err := c.checkParent(block, tip); err != nil {
		return err
	}
	if err := mining.CheckHeader(&block.BlockHeader, tipAfter(tip), c.clock()); err != nil {
		return err
	}
	if err := checkCoinbase(block); err != nil {
		return err
	}
	mapped := types.MapBlock(block)
	if err := c.checkTxs(ctx, block, mapped); err != nil {
		return err
	}
	if err := checkRoots(block, mapped); err != nil {
		return err
	}
	err = c.config.Selector.CheckOutputs(mapped, tip)
	if best := c.GetBlockIndex().BestNode(); best != tip {
		// The outputs were looked up on another block than the parent.
		return fmt.Errorf("%w: the tip moved to %s meanwhile", mining.ErrBadParent, best.Hash.String())
	}
	return err
}

// clock is the chain's time.
func (c *Chain) clock() time.Time {
	if c.config.Now == nil {
		return time.Now()
	}
	return c.config.Now()
}

// checkParent holds a block to the tip: what can be spent is known there alone.
func (c *Chain) checkParent(block *types.Block, tip *state.BlockNode) error {
	previous := block.PreviousBlockHash
	switch parent := c.GetBlockIndex().GetNode(&previous); parent {
	case tip:
		return nil
	case nil:
		return fmt.Errorf("%w: previous block %s is unknown, expected the tip %s", mining.ErrBadParent, previous.String(), tip.Hash.String())
	default:
		return fmt.Errorf("%w: previous block %s of height %d is not the tip, expected %s of height %d", mining.ErrBadParent,
			previous.String(), parent.Height, tip.Hash.String(), tip.Height)
	}
}

// checkCoinbase applies what does not depend on the fees. It is where a coinbase
// with two inputs stops, which would make the chain panic.
func checkCoinbase(block *types.Block) error {
	subsidy := consensus.BlockSubsidy(block.Height)
	amount, err := onlyOutput(block.Transactions[0])
	arbitrary := coinbaseInputs(block.Transactions[0])
	switch {
	case len(arbitrary) == 0 && (err != nil || amount < subsidy):
		err = fmt.Errorf("%w: the first transaction has no coinbase input", mining.ErrCoinbaseMissing)
	case len(arbitrary) > 1:
		err = fmt.Errorf("%w: %d coinbase inputs, expected one", mining.ErrCoinbaseMultiple, len(arbitrary))
	case len(arbitrary) == 1 && len(arbitrary[0]) > consensus.CoinbaseArbitrarySizeLimit:
		err = fmt.Errorf("%w: arbitrary data of %d bytes, expected at most %d", mining.ErrCoinbaseLength,
			len(arbitrary[0]), consensus.CoinbaseArbitrarySizeLimit)
	case err == nil && amount < subsidy:
		err = fmt.Errorf("%w: it pays %d, expected %d and the fees", mining.ErrCoinbaseAmount, amount, subsidy)
	}
	if err != nil {
		return txError(block, 0, err)
	}
	for i, tx := range block.Transactions[1:] {
		if len(coinbaseInputs(tx)) > 0 {
			return txError(block, i+1, fmt.Errorf("%w: a coinbase that is not the first transaction", mining.ErrCoinbaseMultiple))
		}
	}
	return nil
}

// coinbaseInputs are the arbitrary data of a transaction's coinbase inputs.
func coinbaseInputs(tx *types.Tx) (arbitrary [][]byte) {
	for _, in := range tx.Inputs {
		if cb, ok := in.TypedInput.(*types.CoinbaseInput); ok {
			arbitrary = append(arbitrary, cb.Arbitrary)
		}
	}
	return arbitrary
}

// onlyOutput is what the one output pays that a coinbase must have.
func onlyOutput(tx *types.Tx) (uint64, error) {
	if n := len(tx.ResultIds); n != 1 {
		return 0, fmt.Errorf("%w: %d outputs, expected one", mining.ErrCoinbaseAmount, n)
	}
	out, err := tx.Output(*tx.ResultIds[0])
	if err != nil {
		return 0, fmt.Errorf("%w: the output is a retirement, expected one that can be spent", mining.ErrCoinbaseAmount)
	}
	return out.Source.Value.Amount, nil
}

// checkTxs validates the transactions by themselves, and what they add up to. It
// notes in mapped which of them fail but for their gas.
func (c *Chain) checkTxs(ctx context.Context, block *types.Block, mapped *bc.Block) error {
	results, err := c.config.Selector.ValidateBlock(ctx, block, mapped)
	if err != nil {
		return err
	}
	mapped.TransactionStatus = bc.NewTransactionStatus()
	var fees, gas uint64
	for i, v := range results {
		if v.Invalid != nil {
			return txError(block, i, v.Invalid)
		}
		if err := mapped.TransactionStatus.SetStatus(i, v.GasOnly); err != nil {
			return fmt.Errorf("%w: status of transaction %d: %w", mining.ErrMalformed, i, err)
		}
		fees += v.Fee
		if gas += v.Gas; gas > consensus.MaxBlockGas {
			return fmt.Errorf("%w: %d gas up to transaction %d, expected at most %d", mining.ErrBlockGas, gas, i, consensus.MaxBlockGas)
		}
	}
	want := consensus.BlockSubsidy(block.Height) + fees
	amount, err := onlyOutput(block.Transactions[0])
	if err == nil && amount != want {
		err = fmt.Errorf("%w: it pays %d, expected %d, of which fees %d", mining.ErrCoinbaseAmount, amount, want, fees)
	}
	if err != nil {
		return txError(block, 0, err)
	}
	return nil
}

// checkRoots compares the roots in the header with those of the transactions.
func checkRoots(block *types.Block, mapped *bc.Block) error {
	root, err := types.TxMerkleRoot(mapped.Transactions)
	if err != nil {
		return fmt.Errorf("%w: %w", mining.ErrTxRoot, err)
	}
	if have := block.TransactionsMerkleRoot; root != have {
		return fmt.Errorf("%w: transactions merkle root %s, expected %s", mining.ErrTxRoot, have.String(), root.String())
	}
	root, err = types.TxStatusMerkleRoot(mapped.TransactionStatus.VerifyStatus)
	if err != nil {
		return fmt.Errorf("%w: %w", mining.ErrStatusRoot, err)
	}
	if have := block.TransactionStatusHash; root != have {
		return fmt.Errorf("%w: transaction status hash %s, expected %s", mining.ErrStatusRoot, have.String(), root.String())
	}
	return nil
}

func txError(block *types.Block, i int, err error) error {
	return &mining.TxError{Index: i, ID: block.Transactions[i].ID, Err: err}
}

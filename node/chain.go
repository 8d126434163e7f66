package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/event"
	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/state"
	"github.com/bytom/bytom/protocol/validation"

	"github.com/bytom-solo/bytom-solo/mining"
)

// maxTemplateBytes caps a template's transactions: peers refuse messages of
// 22,020,098 bytes and answers of half that, in hexadecimal.
const maxTemplateBytes = 10_000_000

// chain is Bytom's chain as package mining sees it: a mining.Source and a
// mining.Sink. It is safe for concurrent use.
type chain struct {
	*protocol.Chain
	gate       *gate
	pool       *protocol.TxPool
	dispatcher *event.Dispatcher
	// peers is nil in vault mode.
	peers         *netsync.SyncManager
	allowUnsynced bool
	log           *slog.Logger
}

// Tip satisfies mining.Source.
func (c *chain) Tip() mining.Tip {
	node := c.GetBlockIndex().BestNode()
	return mining.Tip{
		Hash: node.Hash, Height: node.Height, Bits: node.CalcNextBits(),
		Seed: *node.CalcNextSeed(), MedianTime: node.CalcPastMedianTime(),
	}
}

// Ready satisfies mining.Source. A solonet is its own authority.
func (c *chain) Ready() error {
	params := &consensus.ActiveNetParams
	if c.allowUnsynced || params.Name == consensus.SoloNetParams.Name {
		return nil
	}
	height := c.BestBlockHeight()
	if n := len(params.Checkpoints); n > 0 && height < params.Checkpoints[n-1].Height {
		return fmt.Errorf("%w: syncing, at height %d of at least %d", mining.ErrNotReady, height, params.Checkpoints[n-1].Height)
	}
	best := c.peers.BestPeer()
	switch {
	case best == nil:
		return fmt.Errorf("%w: no peer yet; --mining.allow-unsynced mines without", mining.ErrNotReady)
	case best.Height > height:
		return fmt.Errorf("%w: syncing, at height %d of %d", mining.ErrNotReady, height, best.Height)
	}
	return nil
}

// Process satisfies mining.Sink.
func (c *chain) Process(ctx context.Context, block *types.Block) (mining.Outcome, error) {
	return c.gate.process(ctx, block)
}

// Announce satisfies mining.Sink.
func (c *chain) Announce(block *types.Block) {
	if err := c.dispatcher.Post(event.NewMinedBlockEvent{Block: *block}); err != nil {
		c.log.Warn("block not announced", "height", block.Height, "error", err)
	}
}

// Select satisfies mining.Source. It goes through the pool in order of arrival,
// and again while that finds parents that came after their children. One
// transaction that does not fit or can't be spent is left out, and stays in the
// pool; the others are not affected.
func (c *chain) Select(ctx context.Context, tip mining.Tip) ([]mining.Candidate, error) {
	waiting := c.pool.GetTransactions()
	sort.Slice(waiting, func(i, j int) bool { return waiting[i].Added.Before(waiting[j].Added) })

	s := selection{
		chain: c.Chain, view: state.NewUtxoViewpoint(),
		block: &bc.Block{BlockHeader: &bc.BlockHeader{Version: 1, Height: tip.Height + 1}},
	}
	for progress := true; progress; {
		progress = false
		var left []*protocol.TxDesc
		for _, desc := range waiting {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			switch err := s.add(desc); {
			case err == nil:
				progress = true
			case errors.Is(err, errNotSpendable):
				left = append(left, desc) // Perhaps its parent is behind it.
			default:
				c.log.Debug("transaction left out", "tx", desc.Tx.ID.String(), "error", err)
			}
		}
		waiting = left
	}
	if c.GetBlockIndex().BestNode().Hash != tip.Hash {
		return nil, mining.ErrTipMoved
	}
	return s.chosen, nil
}

// errNotSpendable means that an input is not, or not yet, in the view.
var errNotSpendable = errors.New("an input can't be spent")

// selection is a block's transactions as they are chosen, with the outputs that
// exist behind them.
type selection struct {
	chain  *protocol.Chain
	view   *state.UtxoViewpoint
	block  *bc.Block
	chosen []mining.Candidate
	gas    uint64
	bytes  uint64
}

// add puts a transaction at the end, or says why it can't stand there. A refusal
// leaves the selection as it was.
func (s *selection) add(desc *protocol.TxDesc) error {
	tx := desc.Tx.Tx
	if s.bytes+desc.Tx.SerializedSize > maxTemplateBytes {
		return fmt.Errorf("%d bytes do not fit", desc.Tx.SerializedSize)
	}
	if err := s.chain.GetTransactionsUtxo(s.view, []*bc.Tx{tx}); err != nil {
		return fmt.Errorf("look up its inputs: %w", err)
	}
	gas, err := validation.ValidateTx(tx, s.block)
	if err != nil && !gas.GasValid {
		return fmt.Errorf("invalid: %w", err)
	}
	gasOnly := err != nil
	if s.gas+uint64(gas.GasUsed) > consensus.MaxBlockGas {
		return fmt.Errorf("gas %d does not fit", gas.GasUsed)
	}
	// ApplyTransaction stops halfway at an input that can't be spent, so look
	// before.
	if err := s.spendable(tx, gasOnly); err != nil {
		return err
	}
	if err := s.view.ApplyTransaction(s.block, tx, gasOnly); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	s.chosen = append(s.chosen, mining.Candidate{Tx: desc.Tx, Fee: gas.BTMValue, Gas: uint64(gas.GasUsed), GasOnly: gasOnly})
	s.gas += uint64(gas.GasUsed)
	s.bytes += desc.Tx.SerializedSize
	return nil
}

// spendable checks the rules by which ApplyTransaction refuses.
func (s *selection) spendable(tx *bc.Tx, gasOnly bool) error {
	for _, id := range tx.SpentOutputIDs {
		out, err := tx.Output(id)
		if err != nil {
			return fmt.Errorf("input %s: %w", id.String(), err)
		}
		if gasOnly && *out.Source.Value.AssetId != *consensus.BTMAssetID {
			continue
		}
		entry := s.view.Entries[id]
		if entry == nil || entry.Spent {
			return fmt.Errorf("%w: %s", errNotSpendable, id.String())
		}
		if entry.IsCoinBase && entry.BlockHeight+consensus.CoinbasePendingBlockNumber > s.block.Height {
			return fmt.Errorf("input %s is a coinbase that is not mature yet", id.String())
		}
	}
	return nil
}

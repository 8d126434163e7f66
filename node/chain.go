package node

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/event"
	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/state"

	"github.com/bytom-solo/bytom-solo/mining"
)

// chain is Bytom's chain as package mining sees it: a mining.Source and a
// mining.Sink. It is safe for concurrent use.
type chain struct {
	*protocol.Chain
	gate       *gate
	pool       *protocol.TxPool
	selector   *selector
	dispatcher *event.Dispatcher
	// peers is nil in vault mode.
	peers         *netsync.SyncManager
	allowUnsynced bool
	// now is the clock; nil is time.Now.
	now func() time.Time
	log *slog.Logger
}

// Tip satisfies mining.Source.
func (c *chain) Tip() mining.Tip { return tipOf(c.GetBlockIndex().BestNode()) }

// After satisfies mining.Source.
func (c *chain) After(parent bc.Hash) (mining.Tip, bool) {
	node := c.GetBlockIndex().GetNode(&parent)
	if node == nil {
		return mining.Tip{}, false
	}
	return tipOf(node), true
}

func tipOf(node *state.BlockNode) mining.Tip {
	return mining.Tip{
		Hash: node.Hash, Height: node.Height, Bits: node.CalcNextBits(),
		Seed: *node.CalcNextSeed(), MedianTime: node.CalcPastMedianTime(),
	}
}

// Known tells whether the chain has stored a block, on whichever branch.
func (c *chain) Known(id bc.Hash) bool { return c.GetBlockIndex().BlockExist(&id) }

// Place says where a block of a height stands: whether it is on the best chain,
// which block of that height is (the zero hash if that chain is shorter), and the
// best height.
func (c *chain) Place(id bc.Hash, height uint64) (onMain bool, winner bc.Hash, best uint64) {
	index := c.GetBlockIndex()
	best = index.BestNode().Height
	if node := index.NodeByHeight(height); node != nil {
		winner = node.Hash
	}
	return winner == id && id != (bc.Hash{}), winner, best
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

// Select satisfies mining.Source.
func (c *chain) Select(ctx context.Context, tip mining.Tip) ([]mining.Candidate, error) {
	chosen, err := c.selector.choose(ctx, c.pool.GetTransactions(), tip.Height+1)
	if err != nil {
		return nil, err
	}
	if c.GetBlockIndex().BestNode().Hash != tip.Hash {
		return nil, mining.ErrTipMoved
	}
	return chosen, nil
}

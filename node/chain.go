package node

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/event"
	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc/types"

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

package chain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/event"
	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/state"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/selection"
)

// Chain is Bytom's chain as package mining sees it: a mining.Source and a
// mining.Sink. It is safe for concurrent use.
type Chain struct {
	*protocol.Chain
	config  Config
	lastTip atomic.Pointer[lastTip]
	// refused has why a block was refused that the chain keeps: it indexes a block before
	// it looks at the inputs. Each has a proof of work, so they are few.
	refused sync.Map // of bc.Hash to error
	peers   Network
}

// Config configures a Chain.
type Config struct {
	Chain      *protocol.Chain
	Gate       *Gate
	Pool       *protocol.TxPool
	Selector   *selection.Selector
	Dispatcher *event.Dispatcher
	// AllowUnsynced has the chain ready for mining however far behind its peers it is.
	AllowUnsynced bool
	// Now is the chain's clock; nil is time.Now.
	Now func() time.Time
	// Suspect says what seems wrong with the clock, if anything; nil is nothing.
	Suspect func() string
	// Room is nil while there is room where the chain is kept, else an error of kind
	// mining.ErrNotReady; a nil Room is one that is never full.
	Room func() error
	Log  *slog.Logger
}

// Network knows the peers, and the one with the highest chain; nil if there is no peer.
type Network interface {
	BestPeer() *netsync.PeerInfo
	GetPeerInfos() []*netsync.PeerInfo
}

// New returns a Chain without peers.
func New(c Config) *Chain { return &Chain{Chain: c.Chain, config: c} }

// SetNetwork sets where Ready looks up the best peer. Without it, as in vault mode, there
// are no peers. It must be called before the Chain is used.
func (c *Chain) SetNetwork(n Network) { c.peers = n }

// lastTip caches the tip of the best block, which at a retarget takes a walk over
// 2,016 blocks. A node of the index never changes.
type lastTip struct {
	node *state.BlockNode
	tip  mining.Tip
}

// Tip satisfies mining.Source.
func (c *Chain) Tip() mining.Tip {
	node := c.GetBlockIndex().BestNode()
	last := c.lastTip.Load()
	if last == nil || last.node != node {
		last = &lastTip{node, tipAfter(node)}
		c.lastTip.Store(last)
	}
	return last.tip
}

// tipAfter is what the block after another must have.
func tipAfter(node *state.BlockNode) mining.Tip {
	return mining.Tip{
		Hash: node.Hash, Height: node.Height, Bits: node.CalcNextBits(),
		Seed: *node.CalcNextSeed(), MedianTime: node.CalcPastMedianTime(),
	}
}

// After satisfies mining.Source.
func (c *Chain) After(parent bc.Hash) (mining.Tip, bool) {
	node := c.GetBlockIndex().GetNode(&parent)
	if node == nil {
		return mining.Tip{}, false
	}
	return tipAfter(node), true
}

// Place satisfies mining.Source.
func (c *Chain) Place(id bc.Hash, height uint64) mining.Place {
	index := c.GetBlockIndex()
	p := mining.Place{Known: index.BlockExist(&id), Main: index.InMainchain(id), Best: c.BestBlockHeight()}
	if err, ok := c.refused.Load(id); ok && p.Known && !p.Main {
		p.Invalid = err.(error)
	}
	if there := index.NodeByHeight(height); there != nil {
		if p.There = there.Hash; p.There == id { // It may have got there since the lines above.
			p.Known, p.Main, p.Invalid = true, true, nil
		}
	}
	return p
}

// Ready satisfies mining.Source. Where the clock seems wrong too, the reason says so: it
// may be the cause.
func (c *Chain) Ready() error {
	if c.config.Room != nil {
		if err := c.config.Room(); err != nil {
			return err
		}
	}
	if behind := int64(c.Tip().MedianTime) + 1 - c.clock().Unix(); behind > int64(consensus.MaxTimeOffsetSeconds) {
		return fmt.Errorf("%w: this clock is %v behind the median time of the last 11 blocks, so that no block could follow them: set it by NTP",
			mining.ErrNotReady, time.Duration(behind)*time.Second)
	}
	err := c.synced()
	if err == nil || c.config.Suspect == nil {
		return err
	}
	if wrong := c.config.Suspect(); wrong != "" {
		return fmt.Errorf("%w; %s", err, wrong)
	}
	return err
}

// Why a chain is not ready, beside mining.ErrNotReady.
var (
	ErrNoPeers = errors.New("no peers")
	ErrBehind  = errors.New("behind the peers")
)

// notReady is an error of kind mining.ErrNotReady and of another.
type notReady struct {
	kind error
	why  string
}

func (e notReady) Error() string        { return mining.ErrNotReady.Error() + ": " + e.why }
func (e notReady) Is(target error) bool { return target == mining.ErrNotReady || target == e.kind }

// synced is nil where the chain is the peers'. A solonet is its own authority.
func (c *Chain) synced() error {
	params := &consensus.ActiveNetParams
	if c.config.AllowUnsynced || params.Name == consensus.SoloNetParams.Name {
		return nil
	}
	if c.peers == nil {
		return fmt.Errorf("%w: in vault mode nobody would get a block; --mining.allow-unsynced mines all the same", mining.ErrNotReady)
	}
	height, best := c.BestBlockHeight(), c.peers.BestPeer()
	if n := len(params.Checkpoints); n > 0 && height < params.Checkpoints[n-1].Height {
		if best == nil {
			return notReady{ErrNoPeers, fmt.Sprintf("no peer yet, at height %d of at least %d", height, params.Checkpoints[n-1].Height)}
		}
		return notReady{ErrBehind, fmt.Sprintf("syncing, at height %d of at least %d", height, params.Checkpoints[n-1].Height)}
	}
	switch {
	case best == nil:
		return notReady{ErrNoPeers, "no peer yet; --mining.allow-unsynced mines without"}
	case best.Height > height && (c.tipIsOld() || halfAhead(c.peers.GetPeerInfos(), height)):
		return notReady{ErrBehind, fmt.Sprintf("syncing, at height %d of %d", height, best.Height)}
	}
	return nil
}

// oldTip is 24 times what a block takes: a chain that is followed has no tip so old.
const oldTip = time.Hour

// tipIsOld reports whether the best block is so old that a peer that has more is to be believed.
func (c *Chain) tipIsOld() bool {
	return c.clock().Sub(time.Unix(int64(c.BestBlockHeader().Timestamp), 0)) > oldTip
}

// halfAhead reports whether half of the peers or more say that they are ahead. A single one may lie, or be on a
// branch of more blocks and less work, and would stop the mining for as long as it is connected.
func halfAhead(peers []*netsync.PeerInfo, height uint64) bool {
	ahead := 0
	for _, p := range peers {
		if p.Height > height {
			ahead++
		}
	}
	return 2*ahead >= len(peers)
}

// Process satisfies mining.Sink.
func (c *Chain) Process(ctx context.Context, block *types.Block, _ mining.Finder) (mining.Outcome, error) {
	outcome, err := c.config.Gate.Process(ctx, block)
	if !errors.Is(err, mining.ErrRejected) {
		return outcome, err
	}
	// The chain's error is the same for a bad block and for a full disk.
	switch check := c.Check(ctx, block); {
	case check == nil:
		return 0, fmt.Errorf("%w: %w", mining.ErrChainFailed, err)
	case errors.Is(check, mining.ErrBadParent):
		return 0, err // Not on the tip: nobody can say.
	default:
		if id := block.Hash(); c.BlockExist(&id) {
			c.refused.Store(id, check)
		}
		return 0, fmt.Errorf("%w (%w)", check, err)
	}
}

// Announce satisfies mining.Sink.
func (c *Chain) Announce(block *types.Block) {
	if err := c.config.Dispatcher.Post(event.NewMinedBlockEvent{Block: *block}); err != nil {
		c.config.Log.Warn("block not announced", "height", block.Height, "error", err)
	}
}

// Select satisfies mining.Source.
func (c *Chain) Select(ctx context.Context, tip mining.Tip) ([]mining.Candidate, error) {
	chosen, err := c.config.Selector.Choose(ctx, c.config.Pool.GetTransactions(), tip.Height+1)
	if err != nil {
		return nil, err
	}
	if c.GetBlockIndex().BestNode().Hash != tip.Hash {
		return nil, mining.ErrTipMoved
	}
	return chosen, nil
}

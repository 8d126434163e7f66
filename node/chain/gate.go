package chain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/mining/tensority"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/selection"
)

// Gate stands before the chain: every block, from peers, RPC or our own miner,
// reaches ProcessBlock through it. It does what the chain does not:
//
//   - It refuses blocks whose shape would panic in the chain's own goroutine and
//     kill the process.
//   - It computes the proof of work with the fast verifier. The chain looks into
//     the process-wide cache tensority.AIHash before it computes a proof by the
//     slow stock algorithm; the gate puts a proof there before ProcessBlock, and
//     only ever a true one that was just computed: the cache's RemoveCache looks
//     for a pointer where AddCache put a value, hence removes nothing, and the
//     entry stays until 64 others have come.
//   - It says what became of the block: the chain answers new best block, side
//     chain and known block alike.
//
// AIHash is not safe for concurrent use. One mutex stands in front of it and of
// every ProcessBlock. All methods are safe for concurrent use.
type Gate struct {
	chain    *protocol.Chain
	verifier *compute.Verifier // nil: the chain verifies by itself
	// tipChanged is called after the best block changed; it must not block.
	tipChanged func()
	log        *slog.Logger

	mu       sync.Mutex
	orphans  *orphanBlocks
	fastSync time.Time // when the fast sync last announced itself
	stopped  bool
}

// fastSyncQuiet is how long after its last sign of life a fast sync may still be
// between two blocks: well above the 30 s that it waits for a peer's answer.
const fastSyncQuiet = 2 * time.Minute

// NewGate returns the gate of a chain. verifier computes the proofs of work; without one the
// chain does. tipChanged is called after the best block changed; it must not block.
func NewGate(chain *protocol.Chain, verifier *compute.Verifier, tipChanged func(), log *slog.Logger) *Gate {
	return &Gate{chain: chain, verifier: verifier, tipChanged: tipChanged, log: log, orphans: newOrphanBlocks()}
}

// Close waits for the block under way and refuses all that follow.
func (g *Gate) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stopped = true
}

// Alive returns when a block could go through the gate: at once, or when the one under way
// is done. A chain that hangs has it hang.
func (g *Gate) Alive() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.chain.BestBlockHeight() // Has had the chain's own lock too.
}

// Process brings a block to the chain. The error is of a kind of package mining.
func (g *Gate) Process(ctx context.Context, block *types.Block) (mining.Outcome, error) {
	if err := mining.CheckShape(block); err != nil {
		return 0, err
	}
	id := block.Hash()
	if g.chain.BlockExist(&id) {
		return mining.Duplicate, nil
	}
	parent := g.chain.GetBlockIndex().GetNode(&block.PreviousBlockHash)
	if parent == nil {
		return g.holdOrphan(ctx, id, block)
	}
	// By the wall clock, as the chain does, wherever timestamps come from.
	if err := mining.CheckHeader(&block.BlockHeader, tipAfter(parent), time.Now()); err != nil {
		return 0, err
	}
	if err := checkOddInputs(block); err != nil {
		return 0, err
	}
	seed := *parent.CalcNextSeed()
	proof, err := g.verify(ctx, &block.BlockHeader, id, seed)
	if err != nil {
		return 0, err
	}
	outcome, children, err := g.commit(block, id, seed, proof)
	if err != nil {
		return 0, err
	}
	g.processOrphans(ctx, children)
	return outcome, nil
}

// verify computes and checks the proof of work. It is nil where that is left to
// the chain.
func (g *Gate) verify(ctx context.Context, h *types.BlockHeader, id, seed bc.Hash) (proof *bc.Hash, err error) {
	if g.verifier == nil {
		return nil, nil
	}
	result, err := g.verifier.Hash(ctx, id.Byte32(), seed.Byte32())
	if err != nil {
		return nil, fmt.Errorf("compute the proof of work: %w", err)
	}
	if err := mining.CheckProof(result, mining.TargetFromBits(h.Bits)); err != nil {
		return nil, err
	}
	hash := bc.NewHash(result)
	return &hash, nil
}

// hasProof reports whether a block on a known parent has its proof of work.
func (g *Gate) hasProof(block *types.Block) bool {
	parent := g.chain.GetBlockIndex().GetNode(&block.PreviousBlockHash)
	if parent == nil || g.verifier == nil || block.Bits != parent.CalcNextBits() {
		return false
	}
	_, err := g.verify(context.Background(), &block.BlockHeader, block.Hash(), *parent.CalcNextSeed())
	return err == nil
}

// commit runs ProcessBlock, with the proof in the cache if we have it, and takes
// the blocks that waited for this one.
func (g *Gate) commit(block *types.Block, id, seed bc.Hash, proof *bc.Hash) (mining.Outcome, []*types.Block, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.stopped:
		return 0, nil, mining.ErrStopped
	case g.fastSyncing():
		return 0, nil, fmt.Errorf("%w: the chain is syncing to its last checkpoint", mining.ErrNotReady)
	case g.chain.BlockExist(&id):
		return mining.Duplicate, nil, nil
	}
	if proof != nil {
		tensority.AIHash.AddCache(&id, &seed, proof)
	} else {
		defer keepGOMAXPROCS()()
	}
	outcome, err := g.processBlock(block, id)
	if err != nil {
		return 0, nil, err
	}
	return outcome, g.orphans.take(id), nil
}

// processBlock calls ProcessBlock. The caller holds mu.
func (g *Gate) processBlock(block *types.Block, id bc.Hash) (mining.Outcome, error) {
	before := *g.chain.BestBlockHash()
	orphan, err := g.chain.ProcessBlock(block)
	if *g.chain.BestBlockHash() != before {
		g.tipChanged()
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("%w: %w", mining.ErrRejected, err)
	case orphan:
		return mining.Orphan, nil
	case g.chain.InMainChain(id):
		return mining.MainChain, nil
	}
	return mining.SideChain, nil
}

// keepGOMAXPROCS puts GOMAXPROCS right afterwards: the stock algorithm sets it to 4
// at each hash.
func keepGOMAXPROCS() (restore func()) {
	procs := runtime.GOMAXPROCS(0)
	return func() {
		if runtime.GOMAXPROCS(0) != procs {
			runtime.GOMAXPROCS(procs)
		}
	}
}

// holdOrphan keeps a block whose parent is not known. The chain would keep it too, but
// verify it by the slow algorithm when the parent comes, and panic where that
// parent has three children.
func (g *Gate) holdOrphan(ctx context.Context, id bc.Hash, block *types.Block) (mining.Outcome, error) {
	g.mu.Lock()
	if g.chain.GetBlockIndex().GetNode(&block.PreviousBlockHash) != nil {
		g.mu.Unlock()
		return g.Process(ctx, block) // The parent came meanwhile.
	}
	defer g.mu.Unlock()
	g.orphans.add(id, block, time.Now())
	return mining.Orphan, nil
}

// processOrphans processes the blocks that waited for a parent.
func (g *Gate) processOrphans(ctx context.Context, children []*types.Block) {
	for _, child := range children {
		if _, err := g.Process(ctx, child); err != nil {
			g.log.Info("early block refused", "height", child.Height, "error", err)
		}
	}
}

// checkOddInputs validates the transactions that have an input of an unknown version
// here, where a panic can be caught: below standardInputs the chain's own validation
// meets some of them with one, in a goroutine of its own.
func checkOddInputs(block *types.Block) error {
	var mapped *bc.Block
	for i, tx := range block.Transactions {
		if !slices.ContainsFunc(tx.Inputs, func(in *types.TxInput) bool { return in.TypedInput == nil }) {
			continue
		}
		if mapped == nil {
			mapped = types.MapBlock(block)
		}
		if v := selection.Validate(tx, mapped); v.Invalid != nil {
			return txError(block, i, v.Invalid)
		}
	}
	return nil
}

// PeerChain is the gate as the network sees it: it satisfies netsync.Chain, whose
// other methods are the chain's own.
type PeerChain struct {
	*protocol.Chain
	Gate *Gate
	// Live takes a block that a peer has just announced, TooNew one with a proof of work
	// that is refused for its timestamp, which is in Unix seconds.
	Live, TooNew func(id bc.Hash, height, timestamp uint64)
}

// ProcessBlock is called for each block that a peer sends.
func (p PeerChain) ProcessBlock(block *types.Block) (isOrphan bool, err error) {
	switch netsyncCaller() {
	case fastBlockSync:
		return p.Gate.processCheckpointed(block)
	case regularBlockSync:
		p.Gate.endFastSync() // They run in the same goroutine.
	default: // The fetcher's, of blocks that were just announced.
		defer func() {
			if err == nil && !isOrphan {
				p.Live(block.Hash(), block.Height, block.Timestamp)
			}
		}()
	}
	outcome, err := p.Gate.Process(context.Background(), block)
	if errors.Is(err, mining.ErrStopped) || errors.Is(err, mining.ErrNotReady) {
		// Not the peer's fault: an error would count towards its ban.
		return true, nil
	}
	if errors.Is(err, mining.ErrTimeTooNew) && p.Gate.hasProof(block) {
		// This clock may be the wrong one, and its peers must not be banned for that. The
		// sync asks for the block again.
		p.TooNew(block.Hash(), block.Height, block.Timestamp)
		time.Sleep(tooNewPause)
		return true, nil
	}
	return outcome == mining.Orphan, err
}

// tooNewPause is how long a block is let wait that is refused for its timestamp.
const tooNewPause = time.Second

// CalcNextSeed is called by nothing in netsync but the fast sync, right before it
// writes to tensority.AIHash outside of our mutex. From then on, until the fast
// sync has been quiet for a while, nobody else may touch that cache.
func (p PeerChain) CalcNextSeed(parent *bc.Hash) (*bc.Hash, error) {
	p.Gate.mu.Lock()
	p.Gate.fastSync = time.Now()
	p.Gate.mu.Unlock()
	return p.Chain.CalcNextSeed(parent)
}

// processCheckpointed takes a block that a checkpoint vouches for: the fast sync
// has compared it with the checkpoint's branch and stands for its proof.
func (g *Gate) processCheckpointed(block *types.Block) (bool, error) {
	if err := mining.CheckShape(block); err != nil {
		return false, err
	}
	if err := checkOddInputs(block); err != nil {
		return false, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped {
		return false, mining.ErrStopped
	}
	outcome, err := g.processBlock(block, block.Hash())
	return outcome == mining.Orphan, err
}

// fastSyncing reports whether a fast sync may be under way. The caller holds mu.
func (g *Gate) fastSyncing() bool {
	since := time.Since(g.fastSync)
	checkpoints := consensus.ActiveNetParams.Checkpoints
	if n := len(checkpoints); n > 0 && g.chain.BestBlockHeight() >= checkpoints[n-1].Height {
		// Its last block is in. It may still be about to clear its entry.
		return since < time.Second
	}
	return since < fastSyncQuiet
}

// belowCheckpoint reports whether blocks are the fast sync's to ask for.
func belowCheckpoint(chain *protocol.Chain) bool {
	checkpoints := consensus.ActiveNetParams.Checkpoints
	n := len(checkpoints)
	return n > 0 && chain.BestBlockHeight() < checkpoints[n-1].Height
}

// endFastSync notes that no fast sync is under way.
func (g *Gate) endFastSync() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fastSync = time.Time{}
}

// The functions of netsync that sync below and above the checkpoints.
const (
	fastBlockSync    = "github.com/bytom/bytom/netsync.(*blockKeeper).fastBlockSync"
	regularBlockSync = "github.com/bytom/bytom/netsync.(*blockKeeper).regularBlockSync"
)

// netsyncCaller is which of the two is among the callers, if any. netsync has one
// chain for all its parts and says in no other way which of them is asking; the
// block fetcher must not pass for the fast sync, whose blocks need no proof.
func netsyncCaller() string {
	var pcs [4]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		frame, more := frames.Next()
		if frame.Function == fastBlockSync || frame.Function == regularBlockSync {
			return frame.Function
		}
		if !more {
			return ""
		}
	}
}

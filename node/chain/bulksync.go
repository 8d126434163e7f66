package chain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// BulkSync catches up with a peer that is ahead, 128 blocks to a message. Bytom's
// block keeper does so only below the checkpoints; above them it asks for one
// block, waits, takes it in and asks for the next. Since each end of a connection
// holds a message back for up to 100 ms (p2p/connection, flushThrottle), it gets
// at most five blocks a second, however fast they are verified.
//
// It rides on the connections that the network has. It sees each peer's best block
// in the status that peers send of themselves, asks with the same message that the
// keeper uses below the checkpoints, and brings every block to the gate. The keeper
// goes on meanwhile and finds the blocks known; what goes wrong here is left to
// it, the blame of peers included.
type BulkSync struct {
	chain   *protocol.Chain
	gate    *Gate
	workers int
	log     *slog.Logger
	wake    chan struct{}
	taken   atomic.Uint64 // blocks brought to the gate

	sw                       *p2p.Switch // nil until Over
	open                     *onePerPeer
	ahead                    announcedAhead
	remindEvery, silentAfter time.Duration
	slowAfter                time.Duration

	mu      sync.Mutex
	peers   map[string]*bulkPeer // by p2p.Peer.Key
	aheadAt time.Time            // when a peer was last ahead by what it had told
}

// bulkPeer is what is known of a peer.
type bulkPeer struct {
	peer   *p2p.Peer
	height uint64
	hash   bc.Hash
	failed time.Time
	told   uint64 // the height of its last status or announcement, as Bytom has it
	// blocks takes the answer under way; nil while there is none.
	blocks chan []*types.Block
}

const (
	// bulkMinLead is how far a peer must be ahead; the keeper deals with less.
	bulkMinLead = 4
	// bulkTimeout bounds the wait for an answer.
	bulkTimeout = 30 * time.Second
	// bulkMostBehind is how many answers in a row may be of a branch that is not the best: 2,048 blocks,
	// three and a half days of mainnet. Each of them costs who sends it a proof of work.
	bulkMostBehind = 16
	// bulkRetryAfter is how long a peer is left alone after it failed.
	bulkRetryAfter = time.Minute
)

// NewBulkSync returns a BulkSync that computes so many proofs of work at a time.
func NewBulkSync(chain *protocol.Chain, gate *Gate, workers int, log *slog.Logger) *BulkSync {
	return &BulkSync{
		chain: chain, gate: gate, workers: workers, log: log,
		wake: make(chan struct{}, 1), open: newOnePerPeer(), remindEvery: remindPeriod, silentAfter: silentAfter, slowAfter: slowAfter,
		peers: make(map[string]*bulkPeer),
	}
}

// Run catches up whenever a peer is ahead, until ctx ends.
func (s *BulkSync) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	beside.Go(func() { s.remindPeers(ctx) })
	beside.Go(func() { s.tidy(ctx) })
	retry := time.NewTicker(5 * time.Second)
	defer retry.Stop()
	for {
		for p := s.bestPeer(); p != nil && ctx.Err() == nil; p = s.bestPeer() {
			if err := s.catchUp(ctx, p); err != nil && ctx.Err() == nil {
				s.log.Debug("bulk sync failed, the block keeper goes on", "peer", p.peer.Addr().String(), "error", err)
				s.update(p.peer, func(p *bulkPeer) { p.failed = time.Now() })
			}
		}
		select {
		case <-s.wake:
		case <-retry.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// bestPeer is the peer that is ahead the most, if any is far enough, of those that have not failed, or else longest ago:
// a few that fail again and again would have all turns.
func (s *BulkSync) bestPeer() *bulkPeer {
	height := s.chain.BestBlockHeight()
	if belowCheckpoint(s.chain) {
		return nil // The fast sync's part.
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var best *bulkPeer
	for _, p := range s.peers {
		if p.isAhead(height) && (best == nil || p.failed.Before(best.failed) || p.failed.Equal(best.failed) && p.height > best.height) {
			best = p
		}
	}
	if best == nil {
		return nil
	}
	known := *best
	return &known
}

// catchUp processes a peer's chain up to the best block of its last status, then asks
// for a new status. The blocks that come next are on their way meanwhile.
func (s *BulkSync) catchUp(ctx context.Context, p *bulkPeer) error {
	s.log.Info("catching up", "peer", p.peer.Addr().String(), "height", s.chain.BestBlockHeight(), "of", p.height)
	began := s.taken.Load()
	ctx, cancel := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait() // It has the peer's place for an answer.
	defer cancel()
	ask := func(last *bc.Hash) <-chan bulkAnswer {
		answer := make(chan bulkAnswer, 1)
		asking.Go(func() {
			blocks, err := s.fetch(ctx, p, last)
			answer <- bulkAnswer{blocks, err}
		})
		return answer
	}
	var next <-chan bulkAnswer
	behind, reached := 0, uint64(0) // answers of a branch that is not the best yet, and how high answers came
	start, speed := s.chain.BestBlockHeight(), pace{}
	for !s.chain.InMainChain(p.hash) {
		if next == nil {
			next = ask(nil)
		}
		answer := speed.await(next)
		if answer.err != nil {
			return answer.err
		}
		slow := s.yields(p, speed)
		before, last := s.chain.BestBlockHeight(), answer.blocks[len(answer.blocks)-1].Hash()
		if next = nil; last != p.hash && slow == nil {
			next = ask(&last)
		}
		if err := cmp.Or(s.processAll(ctx, answer.blocks), slow); err != nil {
			return err
		}
		// Blocks that are known count where others have brought them meanwhile, and where each answer has later
		// ones: who sends the same again and again, or old ones, would keep all other peers from their turn.
		top := answer.blocks[len(answer.blocks)-1].Height
		known := s.chain.InMainChain(last) && top > max(start, reached)
		stuck := top <= reached
		reached = max(reached, top)
		if s.chain.BestBlockHeight() != before || known {
			behind = 0
			continue
		}
		// A branch that is not the best yet, as where this node has mined by itself for long, or never will
		// be: to follow it further is the keeper's.
		if behind++; behind > bulkMostBehind || stuck {
			return fmt.Errorf("no progress beyond height %d by blocks up to %d", before, top)
		}
	}
	s.log.Debug("bulk sync is done", "peer", p.peer.Addr().String(), "height", s.chain.BestBlockHeight(), "blocks", s.taken.Load()-began)
	p.peer.TrySend(netsync.BlockchainChannel, message(&netsync.StatusRequestMessage{}))
	// The block of that status is on our chain; what the peer has beyond it comes with the
	// next status.
	s.update(p.peer, func(now *bulkPeer) {
		if now.hash == p.hash {
			now.height = 0
		}
	})
	return nil
}

// bulkAnswer is what a peer was asked for.
type bulkAnswer struct {
	blocks []*types.Block // at least one, without an error
	err    error
}

// message wraps a message the way that Bytom's wire format wants it.
func message(m netsync.BlockchainMessage) any { return struct{ netsync.BlockchainMessage }{m} }

// fetch asks for the blocks that follow ours on the peer's chain, or those that follow
// last, if given, a block of the peer's that is not on ours yet.
func (s *BulkSync) fetch(ctx context.Context, p *bulkPeer, last *bc.Hash) ([]*types.Block, error) {
	answer := make(chan []*types.Block, 1)
	s.update(p.peer, func(p *bulkPeer) { p.blocks = answer })
	defer s.update(p.peer, func(p *bulkPeer) { p.blocks = nil })
	locator := s.locator()
	if last != nil {
		locator = slices.Insert(locator, 0, last)
	}
	if !p.peer.TrySend(netsync.BlockchainChannel, message(netsync.NewGetBlocksMessage(locator, &p.hash))) {
		return nil, errors.New("the connection is gone or busy")
	}
	timeout := time.NewTimer(bulkTimeout)
	defer timeout.Stop()
	select {
	case blocks := <-answer:
		if len(blocks) == 0 {
			return nil, errors.New("the answer has no blocks that can be read")
		}
		return blocks, nil
	case <-timeout.C:
		return nil, fmt.Errorf("no answer in %v", bulkTimeout)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// locator names blocks of our chain, newest first and ever sparser, for the peer
// to find the last one that it shares with us.
func (s *BulkSync) locator() []*bc.Hash {
	var hashes []*bc.Hash
	height, step := s.chain.BestBlockHeight(), uint64(1)
	for {
		header, err := s.chain.GetHeaderByHeight(height)
		if err != nil {
			return hashes // The chain was reorganised meanwhile.
		}
		hash := header.Hash()
		hashes = append(hashes, &hash)
		if height == 0 {
			return hashes
		}
		if len(hashes) >= 9 {
			step *= 2
		}
		height -= min(step, height)
	}
}

// processAll brings blocks to the gate in order. The proofs of those that come next are
// computed meanwhile, on all cores, and none of them waits for a block to be written. One that follows none of the
// chain's is no answer to what was asked, and its proof can't be checked.
func (s *BulkSync) processAll(ctx context.Context, blocks []*types.Block) error {
	ctx, cancel := context.WithCancel(ctx)
	var ahead sync.WaitGroup
	defer ahead.Wait()
	defer cancel()
	if s.gate.verifier != nil {
		ahead.Go(func() { s.prove(ctx, blocks) })
	}
	for _, block := range blocks {
		outcome, err := s.gate.Process(ctx, block)
		if err == nil && outcome == mining.Orphan {
			err = errors.New("the block before it is not known")
		}
		if err != nil {
			return fmt.Errorf("height %d: %w", block.Height, err)
		}
		s.taken.Add(1)
	}
	return nil
}

// prove computes the proofs of blocks, which the verifier remembers. The gate meets what fails
// again.
func (s *BulkSync) prove(ctx context.Context, blocks []*types.Block) {
	var proofs errgroup.Group
	defer func() { _ = proofs.Wait() }()
	proofs.SetLimit(s.workers)
	seeds := newSeedWalk(s.chain, blocks)
	for n := range blocks {
		if id, seed, ok := seeds.at(n); ok && ctx.Err() == nil {
			proofs.Go(func() error { _, err := s.gate.verifier.Hash(ctx, id, seed); return err })
		}
	}
}

// update changes what is known of a peer, unless it is gone.
func (s *BulkSync) update(peer *p2p.Peer, change func(*bulkPeer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.peers[peer.Key]; p != nil && p.peer == peer {
		change(p)
	}
}

func (s *BulkSync) forget(peer *p2p.Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.peers[peer.Key]; p != nil && p.peer == peer {
		delete(s.peers, peer.Key)
	}
}

// Taken is how many blocks were brought to the gate so far.
func (s *BulkSync) Taken() uint64 { return s.taken.Load() }

// Over is a switch whose messages are looked at before Bytom's reactors get them, and to which a peer
// has one connection. It comes before Run.
func (s *BulkSync) Over(sw *p2p.Switch) netsync.Switch {
	s.sw = sw
	return bulkSwitch{sw, s}
}

// bulkSwitch is a switch whose reactors let BulkSync look first.
type bulkSwitch struct {
	*p2p.Switch
	bulk *BulkSync
}

// AddReactor satisfies netsync.Switch.
func (s bulkSwitch) AddReactor(name string, r p2p.Reactor) p2p.Reactor {
	return s.Switch.AddReactor(name, onePeerReactor{bulkReactor{r, s.bulk}, s.bulk})
}

type bulkReactor struct {
	p2p.Reactor
	bulk *BulkSync
}

// Receive satisfies p2p.Reactor.
func (r bulkReactor) Receive(channel byte, peer *p2p.Peer, raw []byte) {
	if !r.bulk.receive(peer, raw) {
		r.Reactor.Receive(channel, peer, raw)
	}
}

// RemovePeer satisfies p2p.Reactor.
func (r bulkReactor) RemovePeer(peer *p2p.Peer, reason any) {
	r.bulk.forget(peer)
	r.Reactor.RemovePeer(peer, reason)
}

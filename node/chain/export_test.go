package chain

import (
	"fmt"
	"time"

	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// The tests on a chaintest.Fixture stand outside of the package. This is what they set and
// read in it.

const FastSyncQuiet = fastSyncQuiet

// SetFastSync sets when the fast sync last announced itself.
func (g *Gate) SetFastSync(at time.Time) { g.fastSync = at }

// FastSyncing tells whether a fast sync may be under way.
func (g *Gate) FastSyncing() bool { return g.fastSyncing() }

func (g *Gate) ProcessCheckpointed(b *types.Block) (bool, error) { return g.processCheckpointed(b) }

// SetRefused notes why a block was refused.
func (c *Chain) SetRefused(id bc.Hash, err error) { c.refused.Store(id, err) }

// ForgetRefused forgets it of all, as the next run of the node has.
func (c *Chain) ForgetRefused() { c.refused.Clear() }

// NewSeedWalk gives id and seed of each block.
func NewSeedWalk(chain *protocol.Chain, blocks []*types.Block) func(n int) (id, seed [32]byte, ok bool) {
	return newSeedWalk(chain, blocks).at
}

// SetRemindEvery sets how often peers are reminded, before Run.
func (s *BulkSync) SetRemindEvery(d time.Duration) { s.remindEvery = d }

// SetSilentAfter sets for how long a peer that has lost its connection may have sent nothing.
func (s *BulkSync) SetSilentAfter(d time.Duration) { s.silentAfter = d }

// SetSlowAfter sets for how long a slow peer is waited for where there is another one.
func (s *BulkSync) SetSlowAfter(d time.Duration) { s.slowAfter = d }

// Known is how many peers' statuses are known.
func (s *BulkSync) Known() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.peers)
}

// FillAhead leaves no room for announced blocks of later heights.
func (s *BulkSync) FillAhead() {
	for n := range uint64(mostAhead) {
		s.ahead.admit(bc.Hash{V0: n}, s.chain.BestBlockHeight()+farthest, s.chain.BestBlockHeight()+1, unproved{})
	}
}

// Crowds tells whether an announcement is kept from Bytom.
func (s *BulkSync) Crowds(raw []byte) bool { return s.crowds(new(p2p.Peer), raw) }

// Next is the height of the peer whose turn it is, of peers at heights that have failed so long ago, or never where
// that is zero.
func (s *BulkSync) Next(failed map[uint64]time.Duration) uint64 {
	s.mu.Lock()
	for height, ago := range failed {
		p := &bulkPeer{height: height}
		if ago > 0 {
			p.failed = time.Now().Add(-ago)
		}
		s.peers[fmt.Sprint(height)] = p
	}
	s.mu.Unlock()
	if best := s.bestPeer(); best != nil {
		return best.height
	}
	return 0
}

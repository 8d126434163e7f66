package chain

import (
	"sync"

	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/protocol/bc"
)

const (
	// mostAhead is how many announced blocks above the next height Bytom may hold, well within what it has room for.
	mostAhead = 64
	// farthest is how far above the next height Bytom keeps a block: netsync's maxBlockDistance.
	farthest = 63
)

// announcedAhead is the blocks above the next height that peers have announced. Bytom's fetcher keeps them, unproved,
// until the chain is there, in a room that all peers share with those of the next height. It is safe for concurrent use.
type announcedAhead struct {
	mu      sync.Mutex
	heights map[bc.Hash]uint64
}

// admit reports whether there is room for a block, where the next one has a height.
func (a *announcedAhead) admit(id bc.Hash, height, next uint64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, height := range a.heights {
		if height <= next {
			delete(a.heights, id) // The fetcher has taken it.
		}
	}
	if _, known := a.heights[id]; known || height <= next || height > next+farthest {
		return true // It is taken at once, or not kept.
	}
	if len(a.heights) >= mostAhead {
		return false
	}
	if a.heights == nil {
		a.heights = make(map[bc.Hash]uint64)
	}
	a.heights[id] = height
	return true
}

// crowds reports whether an announcement is of a block far ahead, for which there is no room. What the peer has is
// asked for then, in its place.
func (s *BulkSync) crowds(peer *p2p.Peer, raw []byte) bool {
	_, m, err := netsync.DecodeMessage(raw)
	announced, ok := m.(*netsync.MineBlockMessage)
	if err != nil || !ok {
		return false
	}
	block, err := announced.GetMineBlock()
	if err != nil || s.ahead.admit(block.Hash(), block.Height, s.chain.BestBlockHeight()+1) {
		return false
	}
	peer.TrySend(netsync.BlockchainChannel, message(&netsync.StatusRequestMessage{}))
	return true
}

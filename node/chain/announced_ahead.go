package chain

import (
	"sync"

	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
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
	mu     sync.Mutex
	blocks map[bc.Hash]aheadBlock
}

type aheadBlock struct {
	height uint64
	unproved
}

// isAhead reports whether a block is one that Bytom keeps for later, where the next one has a height.
func isAhead(height, next uint64) bool { return height > next && height <= next+farthest }

// admit reports whether there is room for a block, where the next one has a height.
func (a *announcedAhead) admit(id bc.Hash, height, next uint64, size unproved) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := size
	for id, b := range a.blocks {
		if b.height <= next {
			delete(a.blocks, id) // The fetcher has taken it.
			continue
		}
		all = all.plus(b.unproved)
	}
	if _, known := a.blocks[id]; known || !isAhead(height, next) {
		return true // It is taken at once, or not kept.
	}
	if len(a.blocks) >= mostAhead || all.tooMuch() {
		return false
	}
	if a.blocks == nil {
		a.blocks = make(map[bc.Hash]aheadBlock)
	}
	a.blocks[id] = aheadBlock{height, size}
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
	next := s.chain.BestBlockHeight() + 1
	var header types.BlockHeader
	if header.UnmarshalText(announced.RawBlock[:min(len(announced.RawBlock), longHeader)]) == nil && !isAhead(header.Height, next) {
		s.tell(peer, header.Height)
		return false
	}
	block, err := announced.GetMineBlock()
	if err != nil {
		return false
	}
	s.tell(peer, block.Height)
	if s.ahead.admit(block.Hash(), block.Height, next, unprovedOf(block)) {
		return false
	}
	peer.TrySend(netsync.BlockchainChannel, message(&netsync.StatusRequestMessage{}))
	return true
}

// longHeader is more than a header has in hexadecimal digits, unless it has what no rule of today knows. The header alone
// says whether Bytom takes a block at once: all rigs wait for the next one, and to read its transactions takes longer
// than all else that is done with them.
const longHeader = 1 << 10

package chain

import (
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/protocol/bc/types"
)

// receive looks at a message before Bytom's reactor does, and reports whether it was
// an answer to us, which is not the reactor's. It runs in the peer's goroutine.
func (s *BulkSync) receive(peer *p2p.Peer, raw []byte) (ours bool) {
	if len(raw) == 0 {
		return false
	}
	switch raw[0] {
	case netsync.StatusResponseByte:
		s.noteStatus(peer, raw)
	case netsync.HeadersResponseByte: // The fast sync alone asks for them, and else nobody reads them.
		return !belowCheckpoint(s.chain)
	case netsync.BlockResponseByte: // The block keeper alone asks for them.
		return !s.keeperMayWait()
	case netsync.NewMineBlockByte:
		return s.crowds(peer, raw)
	case netsync.BlocksResponseByte:
		var answer chan []*types.Block
		s.update(peer, func(p *bulkPeer) { answer, p.blocks = p.blocks, nil })
		if answer != nil {
			answer <- readBlocks(raw) // Room for one, and only one is sent.
			return true
		}
		// Late, or not asked for. Above the checkpoints Bytom has no reader for them.
		return !belowCheckpoint(s.chain)
	}
	return false
}

// readBlocks is the blocks of an answer, or none if they can't be read.
func readBlocks(raw []byte) []*types.Block {
	_, m, err := netsync.DecodeMessage(raw)
	if err != nil {
		return nil
	}
	answer, ok := m.(*netsync.BlocksMessage)
	if !ok {
		return nil
	}
	blocks, err := answer.GetBlocks()
	if err != nil {
		return nil
	}
	return blocks
}

func (s *BulkSync) noteStatus(peer *p2p.Peer, raw []byte) {
	_, m, err := netsync.DecodeMessage(raw)
	status, ok := m.(*netsync.StatusResponseMessage)
	if err != nil || !ok || !peer.ServiceFlag().IsEnable(consensus.SFFullNode) {
		return
	}
	s.mu.Lock()
	if s.open.get(peer.Key) != peer {
		s.mu.Unlock()
		return // It is refused, or has ended.
	}
	p := s.peers[peer.Key]
	if p == nil || p.peer != peer {
		p = &bulkPeer{peer: peer}
		s.peers[peer.Key] = p
	}
	p.height, p.hash = status.Height, *status.GetHash()
	s.mu.Unlock()
	s.tell(peer, status.Height)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// keeperWait is longer than the block keeper waits for an answer, and peers are reminded to tell where they are.
const keeperWait = bulkTimeout + 2*remindPeriod

// tell notes the height of a peer, as Bytom has it.
func (s *BulkSync) tell(peer *p2p.Peer, height uint64) {
	s.keeperMayWait() // By what was told before.
	s.update(peer, func(p *bulkPeer) { p.told = height })
	s.keeperMayWait()
}

// keeperMayWait reports whether Bytom's block keeper may wait for a block: a peer says that it is ahead, or has said so
// not long ago. Else it reads none.
func (s *BulkSync) keeperMayWait() bool {
	height, now := s.chain.BestBlockHeight(), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.peers {
		if p.told > height {
			s.aheadAt = now
		}
	}
	return !s.aheadAt.IsZero() && now.Sub(s.aheadAt) < keeperWait
}

package chain_test

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// TestTwoSlowLiarsLeaveATurn has two peers that say that they are far ahead, and each of which takes a minute of every
// turn. As one fails the other may be asked again, and a third that never failed must have its turn before.
func TestTwoSlowLiarsLeaveATurn(t *testing.T) {
	const first, second, honest = 1 << 40, 1 << 30, 100
	if next := newBulkSync(t).Next(map[uint64]time.Duration{first: 61 * time.Second, second: time.Second, honest: 0}); next != honest {
		t.Errorf("the next is the peer that said %d, expected the honest one", next)
	}
	if next := newBulkSync(t).Next(map[uint64]time.Duration{first: 122 * time.Second, second: 61 * time.Second, honest: 150 * time.Second}); next != honest {
		t.Errorf("the next is the peer that said %d, expected the one that failed longest ago", next)
	}
	if next := newBulkSync(t).Next(map[uint64]time.Duration{first: 0, second: 0, honest: 0}); next != first {
		t.Errorf("the next is the peer that said %d, expected the one that is ahead the most", next)
	}
}

// dripper is a reactor that has a chain, and sends one block of it to who asks, after a while.
type dripper struct {
	oneChannel
	blocks []*types.Block
	wait   time.Duration

	mu   sync.Mutex
	sent map[bc.Hash]int
}

func (r *dripper) Receive(_ byte, p *p2p.Peer, raw []byte) {
	_, m, err := netsync.DecodeMessage(raw)
	if err != nil {
		return
	}
	switch m := m.(type) {
	case *netsync.StatusRequestMessage:
		p.TrySend(netsync.BlockchainChannel, wrap(netsync.NewStatusResponseMessage(&r.blocks[len(r.blocks)-1].BlockHeader, new(bc.Hash))))
	case *netsync.GetBlocksMessage:
		time.Sleep(r.wait)
		block := r.after(m.GetBlockLocator())
		answer, err := netsync.NewBlocksMessage([]*types.Block{block})
		if err == nil {
			p.TrySend(netsync.BlockchainChannel, wrap(answer))
		}
	}
}

func (r *dripper) after(locator []*bc.Hash) *types.Block {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range locator {
		for n, b := range r.blocks[:len(r.blocks)-1] {
			if b.Hash() == *id {
				r.sent[r.blocks[n+1].Hash()]++
				return r.blocks[n+1]
			}
		}
	}
	r.sent[r.blocks[0].Hash()]++
	return r.blocks[0]
}

// TestWhatASlowPeerSentIsTaken has two peers that are ahead and slow, as where blocks are large and this node's line is
// not fast. Where one gives way to the other, what it sent is there already.
func TestWhatASlowPeerSentIsTaken(t *testing.T) {
	theirs, f := chaintest.NewQuick(t), chaintest.NewQuick(t)
	blocks := grow(t, theirs, 30)
	bulk := chain.NewBulkSync(f.Bytom, f.Gate, 1, slog.New(slog.DiscardHandler))
	bulk.SetRemindEvery(100 * time.Millisecond)
	bulk.SetSlowAfter(1500 * time.Millisecond) // The first answer has it yield already.
	ours := newPeer(t, bulk)
	var peers []*dripper
	for n := range 2 {
		r := &dripper{blocks: blocks, wait: 2 * time.Second, sent: make(map[bc.Hash]int)}
		r.BaseReactor = *p2p.NewBaseReactor("dripper", r)
		peers = append(peers, r)
		join(t, ours, bulk, r, n+1)
	}
	within(t, func() error {
		if n := bulk.Taken(); n < 2 {
			return fmt.Errorf("%d blocks are taken", n)
		}
		return nil
	})
	for _, r := range peers {
		r.mu.Lock()
		defer r.mu.Unlock()
	}
	if first := blocks[0].Hash(); peers[0].sent[first]+peers[1].sent[first] > 1 {
		t.Errorf("the first block was asked for %d times", peers[0].sent[first]+peers[1].sent[first])
	}
}

// stranger is a reactor that says it is far ahead, and answers with one block at a time that follows none of the
// node's.
type stranger struct {
	oneChannel
	blocks []*types.Block
	asked  atomic.Int32
}

func (r *stranger) Receive(_ byte, p *p2p.Peer, raw []byte) {
	_, m, err := netsync.DecodeMessage(raw)
	if err != nil {
		return
	}
	switch m.(type) {
	case *netsync.StatusRequestMessage:
		p.TrySend(netsync.BlockchainChannel, wrap(netsync.NewStatusResponseMessage(&types.BlockHeader{Height: 1 << 30}, new(bc.Hash))))
	case *netsync.GetBlocksMessage:
		n := int(r.asked.Add(1))
		if answer, err := netsync.NewBlocksMessage(r.blocks[min(n, len(r.blocks)-1):][:1]); err == nil {
			p.TrySend(netsync.BlockchainChannel, wrap(answer))
		}
	}
}

// TestBlocksOfUnknownParentsAreNoAnswer: to make them costs nothing, as their proofs can't be checked. Who answers with
// them must not keep its turn for as long as one who sends a branch.
func TestBlocksOfUnknownParentsAreNoAnswer(t *testing.T) {
	theirs, f := chaintest.NewQuick(t), chaintest.NewQuick(t)
	blocks := grow(t, theirs, 20)
	bulk := chain.NewBulkSync(f.Bytom, f.Gate, 1, slog.New(slog.DiscardHandler))
	bulk.SetRemindEvery(100 * time.Millisecond)
	ours := newPeer(t, bulk)
	liar := &stranger{blocks: blocks}
	liar.BaseReactor = *p2p.NewBaseReactor("stranger", liar)
	honest := &teller{status: &blocks[19].BlockHeader, blocks: blocks}
	honest.BaseReactor = *p2p.NewBaseReactor("teller", honest)
	join(t, ours, bulk, liar, 1)
	join(t, ours, bulk, honest, 2)
	within(t, func() error {
		if h := f.Bytom.BestBlockHeight(); h != 20 {
			return fmt.Errorf("height %d, expected that of the honest peer", h)
		}
		return nil
	})
	if n := liar.asked.Load(); n > 2 { // The second is asked for while the first is looked at.
		t.Errorf("it was asked %d times", n)
	}
}

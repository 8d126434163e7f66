package chain_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/p2p"
	"github.com/bytom/bytom/p2p/connection"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// oneChannel is what reactors of peers that tests speak for have in common.
type oneChannel struct{ p2p.BaseReactor }

func (r *oneChannel) GetChannels() []*connection.ChannelDescriptor {
	return []*connection.ChannelDescriptor{{ID: netsync.BlockchainChannel, Priority: 5, SendQueueCapacity: 100}}
}

func (r *oneChannel) AddPeer(*p2p.Peer) error { return nil }

// join connects a peer of a reactor's to a node, which knows so many then.
func join(t *testing.T, ours peer, bulk *chain.BulkSync, r p2p.Reactor, known int) {
	t.Helper()
	if err := newPeerWith(t, nil, r).DialPeerWithAddress(ours.address); err != nil {
		t.Fatal(err)
	}
	within(t, func() error {
		if n := bulk.Known(); n != known {
			return fmt.Errorf("%d peers are known", n)
		}
		return nil
	})
}

// grow has a chain of its own get so many blocks, and returns them.
func grow(t *testing.T, f *chaintest.Fixture, blocks int) (all []*types.Block) {
	t.Helper()
	for n := range blocks {
		b := f.Block(t, uint64(n))
		f.Process(t, b)
		all = append(all, b)
	}
	return all
}

// teller is a reactor that says what its best block is, and has an answer to who asks for blocks.
type teller struct {
	oneChannel
	status *types.BlockHeader
	blocks []*types.Block
	slowly time.Duration // one block an answer, after so long
	next   int
}

func (r *teller) Receive(_ byte, p *p2p.Peer, raw []byte) {
	_, m, err := netsync.DecodeMessage(raw)
	if err != nil {
		return
	}
	switch m.(type) {
	case *netsync.StatusRequestMessage:
		p.TrySend(netsync.BlockchainChannel, wrap(netsync.NewStatusResponseMessage(r.status, new(bc.Hash))))
	case *netsync.GetBlocksMessage:
		blocks := r.blocks
		if r.slowly > 0 && r.next < len(r.blocks) {
			time.Sleep(r.slowly)
			blocks = r.blocks[r.next:][:1]
			r.next++
		}
		answer, err := netsync.NewBlocksMessage(blocks)
		if err == nil {
			p.TrySend(netsync.BlockchainChannel, wrap(answer))
		}
	}
}

func wrap(m netsync.BlockchainMessage) any { return struct{ netsync.BlockchainMessage }{m} }

// TestABulkLiarIsLeft has a peer that says it is far ahead, and sends blocks that are known again and again.
// Another peer, which is ahead indeed, must have its turn.
func TestABulkLiarIsLeft(t *testing.T) {
	theirs, f := chaintest.NewQuick(t), chaintest.NewQuick(t)
	blocks := grow(t, theirs, 10)
	f.Process(t, blocks[0])
	bulk := chain.NewBulkSync(f.Bytom, f.Gate, 1, slog.New(slog.DiscardHandler))
	bulk.SetRemindEvery(100 * time.Millisecond)
	ours := newPeer(t, bulk)
	for n, r := range []*teller{
		{status: &types.BlockHeader{Height: 1 << 30}, blocks: blocks[:1]}, // the liar
		{status: &blocks[9].BlockHeader, blocks: blocks},
	} {
		r.BaseReactor = *p2p.NewBaseReactor("teller", r)
		join(t, ours, bulk, r, n+1)
	}
	within(t, func() error {
		if h := f.Bytom.BestBlockHeight(); h != 10 {
			return fmt.Errorf("height %d, expected that of the honest peer", h)
		}
		return nil
	})
}

// TestUnaskedAnswersAreDropped has a peer send what Bytom has no reader for, above the checkpoints.
func TestUnaskedAnswersAreDropped(t *testing.T) {
	ours, stock := newPeer(t, newBulkSync(t)), newPeer(t, nil)
	if err := stock.DialPeerWithAddress(ours.address); err != nil {
		t.Fatal(err)
	}
	blocks, err := netsync.NewBlocksMessage(nil)
	if err != nil {
		t.Fatal(err)
	}
	headers, err := netsync.NewHeadersMessage(nil)
	if err != nil {
		t.Fatal(err)
	}
	to := stock.Peers().List()[0]
	for _, m := range []netsync.BlockchainMessage{blocks, headers, &netsync.GetBlockMessage{Height: 7}} {
		if !to.Send(netsync.BlockchainChannel, wrap(m)) {
			t.Fatal("not sent")
		}
	}
	within(t, func() error {
		ours.reactor.mu.Lock()
		defer ours.reactor.mu.Unlock()
		if n := len(ours.reactor.heard); n == 0 {
			return fmt.Errorf("nothing is heard")
		}
		for _, m := range ours.reactor.heard {
			switch m.(type) {
			case *netsync.BlocksMessage, *netsync.HeadersMessage:
				t.Errorf("Bytom gets %T", m)
			case *netsync.GetBlockMessage:
				return nil
			}
		}
		return fmt.Errorf("the last is not heard")
	})
}

// TestAnAnnouncementWithoutRoomIsNotBytoms has a peer announce a block far ahead where there is no room for more of
// them, and the next one.
func TestAnAnnouncementWithoutRoomIsNotBytoms(t *testing.T) {
	bulk := newBulkSync(t)
	bulk.FillAhead()
	ours, stock := newPeer(t, bulk), newPeer(t, nil)
	if err := stock.DialPeerWithAddress(ours.address); err != nil {
		t.Fatal(err)
	}
	to := stock.Peers().List()[0]
	for _, height := range []uint64{60, 1} {
		m, err := netsync.NewMinedBlockMessage(&types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: height}})
		if err != nil {
			t.Fatal(err)
		}
		if !to.Send(netsync.BlockchainChannel, wrap(m)) {
			t.Fatal("not sent")
		}
	}
	within(t, func() error {
		ours.reactor.mu.Lock()
		defer ours.reactor.mu.Unlock()
		for _, m := range ours.reactor.heard {
			if block, err := m.(*netsync.MineBlockMessage).GetMineBlock(); err != nil || block.Height != 1 {
				t.Errorf("Bytom gets %v, %v", m, err)
			}
		}
		if n := len(ours.reactor.heard); n != 1 {
			return fmt.Errorf("Bytom gets %d announcements, expected that of the next block", n)
		}
		return nil
	})
	within(t, func() error { // What the peer has is asked for in place of the other.
		stock.reactor.mu.Lock()
		defer stock.reactor.mu.Unlock()
		for _, m := range stock.reactor.heard {
			if _, ok := m.(*netsync.StatusRequestMessage); ok {
				return nil
			}
		}
		return fmt.Errorf("of %d messages none asks what the peer has", len(stock.reactor.heard))
	})
}

// TestASlowBulkPeerYields has the peer that is ahead the most send one block at a time, each long after it was asked,
// where another one has them all at once.
func TestASlowBulkPeerYields(t *testing.T) {
	theirs, f := chaintest.NewQuick(t), chaintest.NewQuick(t)
	blocks := grow(t, theirs, 60)
	bulk := chain.NewBulkSync(f.Bytom, f.Gate, 1, slog.New(slog.DiscardHandler))
	bulk.SetRemindEvery(100 * time.Millisecond)
	bulk.SetSlowAfter(3 * time.Second)
	ours := newPeer(t, bulk)
	for n, r := range []*teller{
		{status: &types.BlockHeader{Height: 1 << 30}, blocks: blocks, slowly: 1500 * time.Millisecond},
		{status: &blocks[59].BlockHeader, blocks: blocks},
	} {
		r.BaseReactor = *p2p.NewBaseReactor("teller", r)
		join(t, ours, bulk, r, n+1)
	}
	within(t, func() error {
		if h := f.Bytom.BestBlockHeight(); h != 60 {
			return fmt.Errorf("height %d, expected that of the fast peer", h)
		}
		return nil
	})
}

package chain_test

import (
	"fmt"
	"testing"

	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestUnaskedBlocksAreDropped has a peer send single blocks while nobody says to be ahead: Bytom's block keeper reads
// none of them then. Where a peer is ahead it may have asked.
func TestUnaskedBlocksAreDropped(t *testing.T) {
	ours, stock := newPeer(t, newBulkSync(t)), newPeer(t, nil)
	if err := stock.DialPeerWithAddress(ours.address); err != nil {
		t.Fatal(err)
	}
	to := stock.Peers().List()[0]
	send := func(m netsync.BlockchainMessage) {
		t.Helper()
		if !to.Send(netsync.BlockchainChannel, wrap(m)) {
			t.Fatal("not sent")
		}
	}
	block := func(height uint64) *types.Block {
		return &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: height}}
	}
	single := func(height uint64) netsync.BlockchainMessage {
		m, err := netsync.NewBlockMessage(block(height))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	heard := func() (heights []uint64) {
		ours.reactor.mu.Lock()
		defer ours.reactor.mu.Unlock()
		for _, m := range ours.reactor.heard {
			if m, ok := m.(*netsync.BlockMessage); ok {
				b, err := m.GetBlock()
				if err != nil {
					t.Fatal(err)
				}
				heights = append(heights, b.Height)
			}
		}
		return heights
	}
	send(netsync.NewStatusResponseMessage(&block(0).BlockHeader, new(bc.Hash)))
	send(single(1))
	announced, err := netsync.NewMinedBlockMessage(block(1))
	if err != nil {
		t.Fatal(err)
	}
	send(announced)
	send(single(2))
	within(t, func() error {
		if got := heard(); len(got) == 0 || got[len(got)-1] != 2 {
			return fmt.Errorf("after the announcement of a block Bytom has blocks %v, expected 2", got)
		}
		return nil
	})
	if got := heard(); len(got) != 1 {
		t.Errorf("Bytom has blocks %v, expected 2 alone", got)
	}
}

package chain

import (
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

func TestEarlyBlocksAreBounded(t *testing.T) {
	e := newOrphanBlocks()
	now := time.Unix(1000, 0)
	add := func(n int, size uint64, now time.Time) {
		tx := &types.Tx{TxData: types.TxData{SerializedSize: size}}
		e.add(bc.Hash{V0: uint64(n)}, &types.Block{
			BlockHeader: types.BlockHeader{PreviousBlockHash: bc.Hash{V1: uint64(n)}}, Transactions: []*types.Tx{tx},
		}, now)
	}
	for n := range 1000 {
		add(n, 10, now)
	}
	if len(e.queue) != maxOrphans || e.bytes != 10*maxOrphans {
		t.Errorf("%d blocks of %d bytes are kept", len(e.queue), e.bytes)
	}
	if got := e.take(bc.Hash{V1: 999}); len(got) != 1 || e.bytes != 10*(maxOrphans-1) {
		t.Errorf("took %d children, %d bytes left", len(got), e.bytes)
	}
	for n := range 8 {
		add(2000+n, maxOrphanBytes/4, now)
	}
	if len(e.queue) != 4 || e.bytes > maxOrphanBytes {
		t.Errorf("%d large blocks of %d bytes are kept", len(e.queue), e.bytes)
	}
	add(3000, 1, now.Add(2*orphanLifetime))
	if len(e.queue) != 1 {
		t.Errorf("%d blocks are kept after their lifetime", len(e.queue))
	}
	add(3001, 1, now.Add(3*orphanLifetime))
	if len(e.queue) != 2 {
		t.Errorf("%d blocks are kept at the end of one's lifetime", len(e.queue))
	}
}

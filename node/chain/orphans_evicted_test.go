package chain

import (
	"runtime"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestEvictedEarlyBlocksAreLetGo keeps as many small blocks as there may be, and then large ones, each of which puts
// the oldest out. What is put out must not stay in memory.
func TestEvictedEarlyBlocksAreLetGo(t *testing.T) {
	e := newOrphanBlocks()
	before := heap()
	keep := func(n uint64, size int) {
		tx := types.NewTx(types.TxData{Version: 1})
		tx.Outputs = []*types.TxOutput{types.NewTxOutput(bc.AssetID{}, 1, make([]byte, size))}
		tx.SerializedSize = uint64(size)
		e.add(bc.Hash{V0: n}, &types.Block{
			BlockHeader: types.BlockHeader{PreviousBlockHash: bc.Hash{V1: n}}, Transactions: []*types.Tx{tx},
		}, time.Unix(1000, 0))
	}
	for n := uint64(0); n <= maxOrphans || cap(e.queue) < maxOrphans*3/2; n++ { // Until there is much room behind them.
		keep(n, 1)
	}
	for n := range uint64(maxOrphans) {
		keep(100_000+n, 2<<20)
		if n%64 != 63 {
			continue
		}
		if kept := heap() - before; kept > 2*maxOrphanBytes {
			t.Fatalf("%d MiB are in memory of %d blocks, counted as %d MiB", kept>>20, len(e.queue), e.bytes>>20)
		}
	}
	runtime.KeepAlive(e)
}

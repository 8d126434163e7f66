package chain

import (
	"runtime"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestEarlyBlocksOfSmallTransactionsAreBounded keeps blocks that are small on the wire and large in memory: of
// transactions that have neither inputs nor outputs. Nothing of them can be checked before their parents are there.
func TestEarlyBlocksOfSmallTransactionsAreBounded(t *testing.T) {
	raw, err := types.NewTx(types.TxData{Version: 1}).MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	e := newOrphanBlocks()
	before := heap()
	for n := range uint64(20) {
		b := &types.Block{BlockHeader: types.BlockHeader{PreviousBlockHash: bc.Hash{V1: n}}}
		for range 10_000 {
			tx := new(types.Tx)
			if err := tx.UnmarshalText(raw); err != nil {
				t.Fatal(err)
			}
			b.Transactions = append(b.Transactions, tx)
		}
		e.add(bc.Hash{V0: n}, b, time.Unix(1000, 0))
		if n%10 != 9 {
			continue
		}
		if kept := heap() - before; kept > 2*maxOrphanBytes {
			t.Fatalf("%d MiB are kept of %d blocks, which are to be %d MiB at the most", kept>>20, len(e.queue), maxOrphanBytes>>20)
		}
	}
	t.Logf("%d blocks, %d MiB in memory, counted as %d", len(e.queue), (heap()-before)>>20, e.bytes>>20)
	runtime.KeepAlive(e)
}

// heap is how much memory is in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

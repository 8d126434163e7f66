package chain

import (
	"runtime"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestEarlyBlocksOfManyOutputsAreBounded keeps blocks of one transaction each, with many outputs: as with many small
// transactions, they take far more memory than their bytes are.
func TestEarlyBlocksOfManyOutputsAreBounded(t *testing.T) {
	data := types.TxData{Version: 1}
	for range 20_000 {
		data.Outputs = append(data.Outputs, types.NewTxOutput(bc.AssetID{V0: 1}, 1, nil))
	}
	raw, err := data.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	e := newOrphanBlocks()
	before := heap()
	for n := range uint64(30) {
		tx := new(types.Tx)
		if err := tx.UnmarshalText(raw); err != nil {
			t.Fatal(err)
		}
		b := &types.Block{BlockHeader: types.BlockHeader{PreviousBlockHash: bc.Hash{V1: n}}, Transactions: []*types.Tx{tx}}
		e.add(bc.Hash{V0: n}, b, time.Unix(1000, 0))
		if n%10 != 9 {
			continue
		}
		if kept := heap() - before; kept > 2*maxOrphanBytes {
			t.Fatalf("%d MiB are kept of %d blocks, which are counted as %d MiB", kept>>20, len(e.queue), e.bytes>>20)
		}
	}
	runtime.KeepAlive(e)
}

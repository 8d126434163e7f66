package chain_test

import (
	"testing"

	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/tendermint/go-wire"
)

// TestLargeAnnouncementsAreBounded has large blocks announced far ahead. Nothing of them can be checked before the chain
// is there: as with early blocks, their bytes have a bound.
func TestLargeAnnouncementsAreBounded(t *testing.T) {
	const size = 5 << 20
	bulk := newBulkSync(t)
	kept := 0
	for n := range uint64(30) {
		data := types.TxData{Version: 1, Outputs: []*types.TxOutput{types.NewTxOutput(bc.AssetID{V0: 1}, 1, make([]byte, size))}}
		m, err := netsync.NewMinedBlockMessage(&types.Block{
			BlockHeader: types.BlockHeader{Version: 1, Height: 3 + n}, Transactions: []*types.Tx{types.NewTx(data)},
		})
		if err != nil {
			t.Fatal(err)
		}
		if !bulk.Crowds(wire.BinaryBytes(wrap(m))) {
			kept += size
		}
	}
	if kept > 64<<20 {
		t.Errorf("Bytom is to keep %d MiB of blocks that are not proved", kept>>20)
	}
}

package chain_test

import (
	"testing"

	"github.com/bytom/bytom/netsync"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/tendermint/go-wire"

	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// announcement is what a peer sends of a block of half a megabyte, of payments with two inputs and two outputs.
func announcement(tb testing.TB, height uint64) []byte {
	tb.Helper()
	block := &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: height}}
	for n := range uint64(1250) {
		data := types.TxData{Version: 1}
		for m := range uint64(2) {
			in := types.NewSpendInput([][]byte{make([]byte, 64), make([]byte, 32)}, bc.Hash{V0: n}, bc.AssetID{V0: 1}, 7, m, make([]byte, 22))
			data.Inputs = append(data.Inputs, in)
			data.Outputs = append(data.Outputs, types.NewTxOutput(bc.AssetID{V0: 1}, 3, make([]byte, 22)))
		}
		block.Transactions = append(block.Transactions, types.NewTx(data))
	}
	m, err := netsync.NewMinedBlockMessage(block)
	if err != nil {
		tb.Fatal(err)
	}
	return wire.BinaryBytes(wrap(m))
}

// TestTheNextBlockIsNotReadOnceMore has the next block announced, a large one, for which all rigs wait. To see that it
// is the next takes its header alone.
func TestTheNextBlockIsNotReadOnceMore(t *testing.T) {
	raw, bulk := announcement(t, 1), newBulkSync(t)
	if n := testing.AllocsPerRun(3, func() {
		if bulk.Crowds(raw) {
			t.Error("the next block is kept out")
		}
	}); n > 500 {
		t.Errorf("%.0f allocations to see whether a block of %d KiB is the next", n, len(raw)>>11)
	}
}

// BenchmarkCrowds is how long the next block waits before Bytom has it, and how long Bytom takes to read it.
func BenchmarkCrowds(b *testing.B) {
	raw, f := announcement(b, 1), chaintest.NewQuick(b)
	bulk := chain.NewBulkSync(f.Bytom, f.Gate, 1, nil)
	b.Logf("a block of %d KiB", len(raw)>>11)
	b.Run("crowds", func(b *testing.B) {
		for b.Loop() {
			bulk.Crowds(raw)
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			_, m, _ := netsync.DecodeMessage(raw)
			_, _ = m.(*netsync.MineBlockMessage).GetMineBlock()
		}
	})
}

package selection_test

import (
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

func TestSelectPutsParentsFirstAndSkipsTheRest(t *testing.T) {
	f := chaintest.NewQuick(t)
	parent := txtest.FreeTx(bc.Hash{V0: 1}, 1e9)
	rival := types.NewTx(types.TxData{
		Version: 1, SerializedSize: 150, Inputs: parent.Inputs,
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 1e9-2*txtest.Fee, []byte{0x51})},
	})
	immature := txtest.FreeTx(bc.Hash{V0: 2}, 1e9)
	other := txtest.FreeTx(bc.Hash{V0: 3}, 1e9)
	son := txtest.FreeSpendOf(parent)
	grandson := txtest.FreeSpendOf(son)
	expired := types.NewTx(types.TxData{
		Version: 1, SerializedSize: 150, TimeRange: 1,
		Inputs:  []*types.TxInput{types.NewSpendInput(nil, bc.Hash{V0: 4}, *consensus.BTMAssetID, 1e9, 0, []byte{0x51})},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 9e8, []byte{0x51})},
	})
	f.Fund(t, false, parent, other, expired)
	f.Fund(t, true, immature)
	all := []*types.Tx{immature, parent, rival, son, expired, other, grandson}
	f.PoolAdd(t, all...)

	// Time of arrival says otherwise: the children come first.
	now := time.Now()
	for i, tx := range []*types.Tx{grandson, son, immature, expired, parent, rival, other} {
		desc, err := f.Pool.GetTransaction(&tx.ID)
		if err != nil {
			t.Fatal(err)
		}
		desc.Added = now.Add(time.Duration(i) * time.Second)
	}
	tip := f.Chain.Tip()
	tip.Height++ // Past the height at which time ranges count.
	chosen, err := f.Chain.Select(t.Context(), tip)
	if err != nil {
		t.Fatal(err)
	}
	var got []bc.Hash
	for _, c := range chosen {
		got = append(got, c.Tx.ID)
		if c.Fee < txtest.Fee || c.Gas == 0 || c.GasOnly {
			t.Errorf("%s: fee %d gas %d gas only %v", c.Tx.ID.String(), c.Fee, c.Gas, c.GasOnly)
		}
	}
	want := []bc.Hash{parent.ID, other.ID, son.ID, grandson.ID}
	if len(got) != len(want) {
		t.Fatalf("%d chosen, expected %d", len(got), len(want))
	}
	position := make(map[bc.Hash]int)
	for i, id := range got {
		position[id] = i + 1
	}
	for _, id := range want {
		if position[id] == 0 {
			t.Errorf("%s is missing", id.String())
		}
	}
	if position[parent.ID] > position[son.ID] || position[son.ID] > position[grandson.ID] {
		t.Errorf("order %v: a child stands before its parent", position)
	}
	if n := len(f.Pool.GetTransactions()); n != len(all) {
		t.Errorf("the pool has %d transactions after the selection, had %d", n, len(all))
	}
}

// TestChainTakesATemplateWithTransactions mines one, so that the chain's own
// validation judges the coinbase's amount, both roots and the order.
func TestChainTakesATemplateWithTransactions(t *testing.T) {
	f := chaintest.NewQuick(t)
	parent := txtest.FreeTx(bc.Hash{V0: 1}, 1e9)
	son := txtest.FreeSpendOf(parent)
	f.Fund(t, false, parent)
	f.PoolAdd(t, parent, son)
	template := f.Template(t)
	if len(template.Txs) != 2 || template.Fees != 2*txtest.Fee {
		t.Fatalf("%d transactions with fees of %d, expected 2 with %d", len(template.Txs), template.Fees, 2*txtest.Fee)
	}
	v, err := f.Submitter.Submit(t.Context(), f.Solve(t, mining.NewJob(template, 77), true))
	if err != nil || v.Outcome != mining.MainChain {
		t.Fatalf("verdict %+v, error %v", v, err)
	}
	if n := len(f.Pool.GetTransactions()); n != 0 {
		t.Errorf("%d transactions are still in the pool", n)
	}
}

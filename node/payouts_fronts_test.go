package node

import (
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// TestWhoBooksSplits: of two nodes of a front the one that has its shares splits its blocks.
func TestWhoBooksSplits(t *testing.T) {
	config := soloConfig(home(t))
	config.Stratum.Listen = "127.0.0.1:0"
	n, _ := newWholeNode(t, config)
	far, near := fleet.NewKey().Public(), fleet.NewKey().Public()
	n.config.Fleet.Fronts = frontList{far: "far", near: "near"}
	for i, front := range []string{"far", "near", "", "gone"} {
		block := &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: uint64(i) + 1}, Transactions: []*types.Tx{types.NewTx(types.TxData{Version: 1})}}
		if err := n.journal.Record(block, time.Now(), mining.Finder{Kind: mining.FoundByRig, Name: "shed.rig1", Owner: "ada", Work: 5, Front: front}); err != nil {
			t.Fatal(err)
		}
	}
	entry := ledger.Entry{At: time.Now(), Rig: "shed.rig1", Kind: ledger.Accepted, Work: 5, Owner: "ada"}
	if _, err := n.ledger.Book(ledger.BatchID{Front: near.String(), Epoch: 1, Number: 1, Oldest: 1}, []ledger.Entry{entry}); err != nil {
		t.Fatal(err)
	}
	all, err := n.payoutCandidates()
	if err != nil || len(all) != 4 {
		t.Fatal(all, err)
	}
	for i, want := range []bool{true, false, false, false} {
		if all[i].Elsewhere != want {
			t.Errorf("block %d: by another node's books %v, expected %v", i, all[i].Elsewhere, want)
		}
	}
}

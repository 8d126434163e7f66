package node

import (
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// TestWhoBooksSplits: of two nodes of a front the one that has its shares splits its blocks, whether the front is let in
// by the same name since, by another, or not at all.
func TestWhoBooksSplits(t *testing.T) {
	config := soloConfig(home(t))
	config.Stratum.Listen = "127.0.0.1:0"
	n, _ := newWholeNode(t, config)
	near := fleet.PublicKey{2}
	all := frontList{far: "far", near: "near"}
	blocks := []struct {
		by        mining.Finder
		elsewhere bool
		still     bool // where the front is let go
	}{
		{mining.Finder{Front: "far", FrontKey: far.String()}, true, true},
		{mining.Finder{Front: "near", FrontKey: near.String()}, false, false},
		{mining.Finder{Front: "far"}, true, false}, // of an older version
		{mining.Finder{Front: "near"}, false, false},
		{mining.Finder{}, false, false},
		{mining.Finder{Front: "gone"}, false, false},
	}
	for i, b := range blocks {
		block := &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: uint64(i) + 1}, Transactions: []*types.Tx{types.NewTx(types.TxData{Version: 1})}}
		b.by.Kind, b.by.Name, b.by.Owner, b.by.Work = mining.FoundByRig, "shed.rig1", "ada", 5
		if err := n.journal.Record(block, time.Now(), b.by); err != nil {
			t.Fatal(err)
		}
	}
	entry := ledger.Entry{At: time.Now(), Rig: "shed.rig1", Kind: ledger.Accepted, Work: 5, Owner: "ada"}
	if _, err := n.ledger.Book(ledger.BatchID{Front: near.String(), Epoch: 1, Number: 1, Oldest: 1}, []ledger.Entry{entry}); err != nil {
		t.Fatal(err)
	}
	for _, fronts := range []frontList{all, {far: "north", near: "south"}, {}} {
		n.config.Fleet.Fronts = fronts
		got, err := n.payoutCandidates()
		if err != nil || len(got) != len(blocks) {
			t.Fatal(got, err)
		}
		for i, b := range blocks {
			want := b.elsewhere
			if fronts[far] != "far" {
				want = b.still
			}
			if got[i].Elsewhere != want {
				t.Errorf("fronts %v, block of %+v: by another node's books %v, expected %v", fronts, b.by, got[i].Elsewhere, want)
			}
		}
	}
}

package node

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestFoundBlockStates brings two rivals and a block on top to a chain, and one that
// it never sees.
func TestFoundBlockStates(t *testing.T) {
	f := newQuickFixture(t)
	j, err := mining.OpenJournal(filepath.Join(t.TempDir(), "j.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	n := &Node{bytom: f.bytom, journal: j}
	winner, loser, unseen, refused := f.block(t, 1), f.block(t, 2), f.block(t, 3), f.block(t, 4)
	now := time.Unix(1_700_000_000, 0)
	record := func(b *types.Block, verdict string) {
		t.Helper()
		if err := j.Record(b, now); err != nil {
			t.Fatal(err)
		}
		if verdict == "" {
			return
		}
		if err := j.Resolve(b.Hash(), verdict, bc.Hash{}); err != nil {
			t.Fatal(err)
		}
	}
	record(winner, "main chain")
	record(loser, "side chain")
	record(unseen, "")
	record(refused, "rejected: no good")
	for _, b := range []*types.Block{winner, loser} {
		if _, err := f.gate.process(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := f.gate.process(t.Context(), f.block(t, 5)); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := j.Entries()
	if err != nil || len(entries) != 4 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	won := winner.Hash()
	want := map[bc.Hash]FoundBlock{
		won:            {State: "confirmed", Confirmations: 3},
		loser.Hash():   {State: "lost", Winner: won.String()},
		unseen.Hash():  {State: "pending"},
		refused.Hash(): {State: "refused", Reason: "rejected: no good"},
	}
	for _, e := range entries {
		got, id := n.foundBlock(e), e.Block.Hash()
		w := want[id]
		w.Height, w.Hash, w.Found, w.Reward = 1, id.String(), e.Found, 41250000000
		if got != w {
			t.Errorf("got %+v, expected %+v", got, w)
		}
	}
}

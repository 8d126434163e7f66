package mining

import (
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestFoundBlocksAreCounted brings blocks to each end, one of them back from it, and counts them
// before and after a start.
func TestFoundBlocksAreCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	j := newJournal(t, path)
	record := func(height uint64) bc.Hash {
		b := &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: height}}
		if err := j.Record(b, time.Now(), Finder{}); err != nil {
			t.Fatal(err)
		}
		return b.Hash()
	}
	add := func(id bc.Hash, settled bool, events ...Event) {
		t.Helper()
		if err := j.Append(id, settled, events...); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want map[FateState]int) {
		t.Helper()
		got := j.Counts()
		maps.DeleteFunc(got, func(_ FateState, n int) bool { return n == 0 })
		if !maps.Equal(got, want) {
			t.Errorf("%v, expected %v", got, want)
		}
	}
	expect(map[FateState]int{})
	main, lost, own, refused := record(1), record(2), record(3), record(4)
	record(5)
	expect(map[FateState]int{StandingPending: 5})
	rival := bc.NewHash([32]byte{7})
	add(main, false, Event{State: StateMain, Best: 1})
	add(lost, false, Event{State: StateLost, Winner: &rival})
	add(own, false, Event{State: StateLost, Winner: &main})
	if err := j.Resolve(refused, "refused", Event{State: StateRefused}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []bc.Hash{main, lost, own} { // Submitted again: what the chain has said holds.
		add(id, false, Event{State: StateSubmitted})
	}
	expect(map[FateState]int{StateMain: 1, StateLost: 1, StandingLostToOwn: 1, StateRefused: 1, StandingPending: 1})
	add(main, true, Event{State: StateConfirmed, Best: 6}, Event{State: StateMatured, Best: MaturedAt + 1})
	add(lost, true)
	add(own, true)
	settled := map[FateState]int{StateMatured: 1, StateLost: 1, StandingLostToOwn: 1, StateRefused: 1, StandingPending: 1}
	expect(settled)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = newJournal(t, path)
	expect(settled)
	if err := j.Resolve(refused, "main chain", Event{State: StateSubmitted}, Event{State: StateMain, Best: 4}); err != nil {
		t.Fatal(err)
	}
	expect(map[FateState]int{StateMatured: 1, StateLost: 1, StandingLostToOwn: 1, StateMain: 1, StandingPending: 1})
}

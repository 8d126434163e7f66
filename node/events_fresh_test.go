package node

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestASnapshotHasTheRigsOfNow: rigs are looked at each five seconds, but not while nobody reads.
// Who comes after an hour is not told what they did then.
func TestASnapshotHasTheRigsOfNow(t *testing.T) {
	for seconds := range rigsPerStep {
		synctest.Test(t, func(t *testing.T) {
			s := newStreamed(t)
			s.figures.set(func() { s.figures.rigs.Rigs = []RigStats{{Rig: "shed.1", State: RigHashing}} })
			r := s.connect(t, "")
			time.Sleep(time.Duration(seconds)*time.Second + time.Millisecond)
			r.close()
			time.Sleep(time.Hour)
			s.figures.set(func() { s.figures.rigs.Rigs = []RigStats{{Rig: "shed.1", State: RigAway}} })
			time.Sleep(time.Hour)
			again := s.connect(t, "")
			if first := again.all()[0]; first.name != "snapshot" || !strings.Contains(first.data, `"state":"away"`) {
				t.Errorf("read for %d s, and after an hour: %s", seconds, first.data)
			}
			again.close()
		})
	}
}

// TestMissedBlocksAreNotOverwrittenByOlderNews: where so many blocks' news waited that some were missed
// the journal is read, which is ahead of what still waits.
func TestMissedBlocksAreNotOverwrittenByOlderNews(t *testing.T) {
	at := time.Now()
	fate := func(states ...mining.FateState) mining.Fate {
		f := mining.Fate{ID: bc.NewHash([32]byte{1}), Height: 1, Found: at}
		for _, state := range states {
			f.Events = append(f.Events, mining.Event{State: state, At: at, Best: 1})
		}
		return f
	}
	latest := fate(mining.StateMain, mining.StateLost)
	e := newEvents(eventSources{
		fates: func(int) ([]mining.Fate, error) { return []mining.Fate{latest}, nil },
		describe: func(fates []mining.Fate) (all []FoundStats) {
			for _, f := range fates {
				all = append(all, FoundStats{Block: describeFate(f, func(bc.Hash) bool { return false })})
			}
			return all
		}, log: slog.New(slog.DiscardHandler),
	})
	e.lookAtBlocks()
	for range keptEvents {
		e.found(fate(mining.StateMain))
	}
	e.found(latest) // There is no room.
	e.lookAtBlocks()
	for len(e.fates) > 0 {
		e.lookAtBlock(<-e.fates)
	}
	e.lookAtBlocks()
	if state := e.seen.blocks[0].Block.State; state != "lost" {
		t.Errorf("the block is %s, and the journal has it lost", state)
	}
}

// TestABlockAfterAClockThatWasAheadIsShown: a block was found by a clock that was a day ahead, and is the latest found for
// a day. Those that come after it, and one of before that the journal's disk has taken late, are news all the same.
func TestABlockAfterAClockThatWasAheadIsShown(t *testing.T) {
	at := time.Now()
	fate := func(height byte, found time.Time) mining.Fate {
		return mining.Fate{ID: bc.NewHash([32]byte{height}), Height: uint64(height), Found: found, Events: []mining.Event{{State: mining.StateFound, At: found}}}
	}
	e := newEvents(eventSources{
		fates: func(int) ([]mining.Fate, error) { return []mining.Fate{fate(100, at.Add(24*time.Hour))}, nil },
		describe: func(fates []mining.Fate) (all []FoundStats) {
			for _, f := range fates {
				all = append(all, FoundStats{Block: describeFate(f, func(bc.Hash) bool { return false })})
			}
			return all
		}, log: slog.New(slog.DiscardHandler),
	})
	shown := func() (heights []uint64) {
		e.lookAtBlocks()
		for _, b := range e.seen.blocks {
			heights = append(heights, b.Block.Height)
		}
		return heights
	}
	shown()
	e.lookAtBlock(fate(101, at))
	e.lookAtBlock(fate(99, at.Add(-time.Minute)))
	if got := shown(); !slices.Equal(got, []uint64{101, 100, 99}) {
		t.Errorf("blocks %d are shown, expected those of 101, 100 and 99", got)
	}
	for height := byte(102); height < 102+shownBlocks; height++ {
		e.lookAtBlock(fate(height, at))
	}
	e.lookAtBlock(fate(98, at.Add(48*time.Hour)))
	if got := shown(); len(got) != shownBlocks || got[0] != 101+shownBlocks || got[shownBlocks-1] != 102 {
		t.Errorf("blocks %d are shown, expected the latest %d from 121 down", got, shownBlocks)
	}
}

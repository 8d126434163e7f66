package node

import (
	"log/slog"
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

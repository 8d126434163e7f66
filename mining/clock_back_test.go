package mining

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestABlockOfWorkFromBeforeTheClockWasSetBack has a solution come that is stamped more than an hour ahead of the
// clock, which may be the wrong one of the two. It is written down and brought to the chain, which decides, and to other
// nodes, whose clocks may be right. One without a proof is told of the clock, and nobody else.
func TestABlockOfWorkFromBeforeTheClockWasSetBack(t *testing.T) {
	for _, test := range []struct {
		refuses, whole, solved bool
		standing               FateState // empty where the journal has nothing of it
	}{
		{true, false, true, StateRefused}, {false, false, true, StateMain}, {true, false, false, ""},
		{true, true, true, StateRefused}, {false, true, true, StateMain}, {true, true, false, ""},
	} {
		m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
		sol := solve(t, testJob(t, m.chain), test.solved)
		block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
		if err != nil {
			t.Fatal(err)
		}
		m.submitter.cfg.Now = func() time.Time { return timeAt(int64(sol.Timestamp) - 3601) }
		relayed := 0
		m.submitter.cfg.Relay = func(*types.Block) { relayed++ }
		if test.refuses {
			m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrTimeTooNew }
		}
		var v Verdict
		if test.whole {
			v, err = m.submitter.SubmitBlock(t.Context(), block, Finder{Kind: FoundByBlock})
		} else {
			v, err = m.submitter.Submit(t.Context(), sol)
		}
		if test.refuses != errors.Is(err, ErrTimeTooNew) || !test.refuses && v.Outcome != MainChain {
			t.Errorf("%+v: %v, error %v", test, v.Outcome, err)
		}
		fate, ok, err := m.journal.Fate(block.Hash())
		if want := test.standing != ""; err != nil || ok != want || (relayed > 0) != want || ok && fate.Standing(m.journal.Has) != test.standing {
			t.Errorf("%+v: relayed %d times, in the journal %v: %+v, %v", test, relayed, ok, fate, err)
		}
	}
}

// TestABlockIsTakenWhenTheClockIsRightAgain: the chain refuses a found block by the time of day, as the clock was set back, or
// the machine has none that goes on without power. It is brought again until the clock is right, or it has come back from others.
func TestABlockIsTakenWhenTheClockIsRightAgain(t *testing.T) {
	for _, journaled := range []bool{true, false} {
		for _, how := range []string{"found", "of an earlier run", "taken by others"} {
			var j *Journal
			if journaled {
				j = newJournal(t, filepath.Join(t.TempDir(), "j.db"))
			} else if how == "of an earlier run" {
				continue
			}
			m := newDiskMiner(t, j)
			sol := solve(t, testJob(t, m.chain), true)
			block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
			if err != nil {
				t.Fatal(err)
			}
			m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrTimeTooNew }
			if how == "of an earlier run" {
				if err := j.Record(block, time.Now(), Finder{Kind: FoundByDevice}); err != nil {
					t.Fatal(err)
				}
				if err := m.submitter.Replay(t.Context()); err != nil {
					t.Fatal(err)
				}
			} else if _, err := m.submitter.Submit(t.Context(), sol); !errors.Is(err, ErrTimeTooNew) {
				t.Fatal(err)
			}
			m.again(t)
			if m.chain.outcome = nil; how == "taken by others" {
				m.chain.processed = append(m.chain.processed, block)
				m.chain.outcome = func(*types.Block) (Outcome, error) { return Duplicate, nil }
			}
			m.again(t)
			if n := len(m.submitter.outstanding.list()); len(m.chain.blocks()) != 1 || len(m.chain.announced) != 1 || n != 0 {
				t.Errorf("%s: %d blocks on the chain, %d announced, and %d wait", how, len(m.chain.blocks()), len(m.chain.announced), n)
			}
			if !journaled {
				continue
			}
			if fate, _, err := j.Fate(block.Hash()); err != nil || fate.Standing(j.Has) != StateMain || fate.Settled {
				t.Errorf("%s: %+v, %v", how, fate, err)
			}
		}
	}
}

// TestABlockTooNewForLongIsLeft: the chain has gone on without it, and it is not brought for ever.
func TestABlockTooNewForLongIsLeft(t *testing.T) {
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	m := newDiskMiner(t, j)
	brought := 0
	m.chain.outcome = func(*types.Block) (Outcome, error) { brought++; return 0, ErrTimeTooNew }
	if _, err := m.submitter.Submit(t.Context(), solve(t, testJob(t, m.chain), true)); !errors.Is(err, ErrTimeTooNew) {
		t.Fatal(err)
	}
	for range 1 + forgetAfter {
		m.chain.connect(byte(2 + brought))
	}
	m.again(t)
	if n := len(m.submitter.outstanding.list()); brought != 1 || n != 0 {
		t.Errorf("it was brought %d times, and %d wait", brought, n)
	}
	for _, fate := range j.Open() {
		place := m.chain.Place(fate.ID, fate.Height)
		place.There = bc.NewHash([32]byte{9})
		if events, _ := fate.next(place, time.Now()); len(events) != 1 || events[0].State != StateLost {
			t.Errorf("what comes next is %+v, expected that it is lost", events)
		}
	}
}

package mining

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

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

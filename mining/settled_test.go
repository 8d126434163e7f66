package mining

import (
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestABlockOfTwoWaysIsNotLost: the chain has a block by another way, and has not decided yet where it stands.
func TestABlockOfTwoWaysIsNotLost(t *testing.T) {
	t.Parallel() // It mostly waits.
	rival := bc.Hash{V0: 7}
	for _, test := range []struct {
		name    string
		after   int64 // looks until it is decided
		then    Place
		outcome Outcome
	}{
		{"at once", 0, Place{Known: true, Main: true}, MainChain},
		{"in a moment", 3, Place{Known: true, Main: true}, MainChain},
		{"another is there", 3, Place{Known: true, There: rival}, SideChain},
		{"never", 1 << 30, Place{}, Duplicate},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newFakeChain()
			j := newJournal(t, filepath.Join(t.TempDir(), "journal.db"))
			s := newJournaled(t, c, j)
			sol := solve(t, testJob(t, c), true)
			var came atomic.Bool
			c.outcome = func(*types.Block) (Outcome, error) { came.Store(true); return Duplicate, nil }
			var looks atomic.Int64
			c.place = func(bc.Hash, uint64) Place {
				switch {
				case !came.Load():
					return Place{}
				case looks.Add(1) <= test.after:
					return Place{Known: true}
				}
				return test.then
			}
			v, err := s.Submit(t.Context(), sol)
			if err != nil || v.Outcome != test.outcome || v.Main != test.then.Main || v.Winner != test.then.There {
				t.Errorf("%+v, %v, expected %v", v, err, test.outcome)
			}
			fate, _, err := j.Fate(v.Block)
			if lost := fate.has(StateLost); err != nil || lost != (test.then.There == rival) || fate.has(StateMain) != test.then.Main {
				t.Errorf("the journal has %+v, %v", fate, err)
			}
		})
	}
}

package mining

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"
)

// TestAReplayedBlockIsAnnounced: the run that found it may have ended before it told the
// peers, whatever its own chain made of the block.
func TestAReplayedBlockIsAnnounced(t *testing.T) {
	for _, c := range []struct {
		outcome Outcome
		err     error
		want    int
	}{
		{MainChain, nil, 1}, {SideChain, nil, 1}, {Duplicate, nil, 1}, {0, ErrChainFailed, 1},
		{Orphan, nil, 0}, {0, ErrRejected, 0}, {0, ErrNotReady, 0},
	} {
		chain := newFakeChain()
		j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
		s := newJournaled(t, chain, j)
		chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrStopped }
		if _, err := s.Submit(t.Context(), solve(t, testJob(t, chain), true)); !errors.Is(err, ErrStopped) || len(chain.announced) != 0 {
			t.Fatalf("error %v, announced %d times", err, len(chain.announced))
		}
		relayed := 0
		s.cfg.Relay = func(*types.Block) { relayed++ }
		id := j.Open()[0].ID
		chain.outcome = func(*types.Block) (Outcome, error) { return c.outcome, c.err }
		if err := s.Replay(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(chain.announced) != c.want || relayed != 1 {
			t.Errorf("%v, %v: announced %d times, expected %d; relayed %d times", c.outcome, c.err, len(chain.announced), c.want, relayed)
		} else if c.want == 1 && chain.announced[0].Hash() != id {
			t.Errorf("%v, %v: another block was announced", c.outcome, c.err)
		}
	}
}

// TestSequencesOfTwoRunsDiffer: a client that asks for news since a number of the last run
// must not be taken for one that has the first template of this.
func TestSequencesOfTwoRunsDiffer(t *testing.T) {
	first := func() uint64 {
		g := newTestGenerator(newFakeChain())
		templates, cancel := g.Subscribe()
		defer cancel()
		go g.Run(t.Context())
		return (<-templates).Sequence
	}
	if a, b := first(), first(); a == b {
		t.Errorf("both runs begin with %d", a)
	}
}

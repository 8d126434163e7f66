package mining

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"
)

// TestABlockThatEndsWithTheProcessIsInTheLog has blocks be in memory alone at the end of the time that a stop takes.
func TestABlockThatEndsWithTheProcessIsInTheLog(t *testing.T) {
	t.Parallel() // It mostly waits.
	const onChain, nowhere = "the chain has it", "neither in the journal nor on this chain"
	notReady := func(*types.Block) (Outcome, error) { return 0, ErrNotReady }
	for name, tt := range map[string]struct {
		noJournal, hangs bool
		outcome          func(*types.Block) (Outcome, error)
		want             string
	}{
		"accepted, not written":   {hangs: true, want: onChain},
		"not judged, not written": {hangs: true, outcome: notReady, want: nowhere},
		"not judged, no journal":  {noJournal: true, outcome: notReady, want: nowhere},
		"not judged, written":     {outcome: notReady},
		"accepted, written":       {},
		"refused, not written":    {hangs: true, outcome: func(*types.Block) (Outcome, error) { return 0, ErrHighHash }},
	} {
		t.Run(name, func(t *testing.T) {
			var j *Journal
			if !tt.noJournal {
				j = newJournal(t, filepath.Join(t.TempDir(), "j.db"))
			}
			m := newDiskMiner(t, j)
			if tt.hangs {
				defer m.hang(t)()
			}
			m.chain.outcome = tt.outcome
			sol := solve(t, testJob(t, m.chain), true)
			if _, err := m.submitter.Submit(t.Context(), sol); err != nil && tt.outcome == nil {
				t.Fatal(err)
			}
			over, cancel := context.WithCancel(t.Context())
			cancel()
			m.log.Reset()
			m.submitter.End(over)
			said := m.log.String()
			if tt.want == "" {
				if said != "" {
					t.Errorf("said: %s", said)
				}
				return
			}
			if strings.Count(said, "level=ERROR") != 1 || !strings.Contains(said, tt.want) {
				t.Errorf("expected one line of %q, it said: %s", tt.want, said)
			}
			if err := isRaw(said, sol); err != nil {
				t.Errorf("%v: %s", err, said)
			}
		})
	}
}

// isRaw is nil where the raw_block of a line is a solution's block.
func isRaw(said string, sol Solution) error {
	raw := regexp.MustCompile(`raw_block=(\S+)`).FindStringSubmatch(said)
	if raw == nil {
		return errors.New("no raw_block")
	}
	var got types.Block
	if err := got.UnmarshalText([]byte(raw[1])); err != nil {
		return err
	}
	want, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
	if err != nil {
		return err
	}
	if got.Hash() != want.Hash() {
		return errors.New("another block's raw_block")
	}
	return nil
}

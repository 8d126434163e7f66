package mining

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
)

// TestADiskThatHangsHoldsNoBlock keeps the journal's disk busy, for as long as another transaction holds its file.
func TestADiskThatHangsHoldsNoBlock(t *testing.T) {
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	m := newDiskMiner(t, j)
	hang, err := j.db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	found := []bc.Hash{m.mine(t)}
	if took := time.Since(start); took < journalPatience || took > journalPatience+30*time.Second {
		t.Errorf("the block went out after %v, expected to wait %v for the journal", took, journalPatience)
	}
	start = time.Now()
	found = append(found, m.mine(t))
	if took := time.Since(start); took >= journalPatience {
		t.Errorf("the next block waited %v behind the first", took)
	}
	if said := m.log.String(); strings.Count(said, "level=WARN") != 2 || !strings.Contains(said, "before it is written down") {
		t.Errorf("two blocks went out unwritten, and it is said: %s", said)
	}
	if err := j.Failing(); err != nil {
		t.Errorf("after a second: %v", err)
	}
	j.mu.Lock()
	j.since = j.since.Add(-slowWrite)
	j.mu.Unlock()
	if err := j.Failing(); err == nil || !strings.Contains(err.Error(), "has not answered for 1") {
		t.Errorf("a disk that hangs: %v", err)
	}
	if err := hang.Rollback(); err != nil {
		t.Fatal(err)
	}
	for m.submitter.late.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
	if err := j.Failing(); err != nil {
		t.Errorf("a disk that answers again: %v", err)
	}
	m.submitter.WriteAgain(t.Context())
	m.log.Reset()
	if found = append(found, m.mine(t)); m.log.Len() > 0 {
		t.Errorf("a block after that: %s", m.log.String())
	}
	for i, id := range found {
		fate, ok, err := j.Fate(id)
		var states []FateState
		for _, e := range fate.Events {
			states = append(states, e.State)
		}
		if !ok || err != nil || fate.Standing(j.Has) != StateMain || !slices.Contains(states, StateJournaled) {
			t.Errorf("block %d: %v %v %v", i, ok, err, states)
		}
	}
}

//go:build linux || darwin

package mining

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// TestAFullDiskCostsNoBlock lets the journal grow no further, as a full disk does, then again.
func TestAFullDiskCostsNoBlock(t *testing.T) {
	if !filetest.Alone(t) {
		return
	}
	path := filepath.Join(t.TempDir(), "j.db")
	m := newDiskMiner(t, newJournal(t, path))
	written := []bc.Hash{m.mine(t)}
	free := filetest.FillDiskAt(t, path)
	lost := m.mine(t)
	for ; m.recorded(t, lost); lost = m.mine(t) {
		if written = append(written, lost); len(written) > 1000 {
			t.Fatalf("the journal of %d blocks has grown beyond its limit", len(written))
		}
		if log := m.log.String(); log != "" {
			t.Fatalf("with room left: %s", log)
		}
	}
	if log := m.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, syscall.EFBIG.Error()) {
		t.Errorf("the loss is not told at Error, with its cause: %q", log)
	}
	later := []bc.Hash{lost, m.mine(t)} // Nor does the next one stop it.
	if m.again(t); len(m.submitter.outstanding.list()) != 2 {
		t.Errorf("%d blocks wait for room, expected 2", len(m.submitter.outstanding.list()))
	}
	for range 5 { // A probe may find room for itself in the file.
		if m.journal.Probe(); m.journal.Failing() == nil {
			t.Fatal("blocks get lost, and the journal does not fail")
		}
	}

	free()
	if m.journal.Probe(); m.journal.Failing() != nil {
		t.Errorf("with room again the journal fails: %v", m.journal.Failing())
	}
	// The chain has lost one of them, and gets it again.
	m.chain.place = func(id bc.Hash, height uint64) Place {
		return Place{Known: id != later[0], Main: id != later[0], There: id, Best: height}
	}
	var again []bc.Hash
	m.chain.outcome = func(b *types.Block) (Outcome, error) { again = append(again, b.Hash()); return SideChain, nil }
	if m.again(t); !slices.Equal(again, later[:1]) {
		t.Errorf("%v were brought again, expected %v, that the chain had lost", again, later[:1])
	}
	m.chain.outcome = nil
	m.chain.place = nil
	written = append(written, later...)
	if m.again(t); len(m.submitter.outstanding.list()) > 0 {
		t.Error("blocks wait that are written")
	}
	m.log.Reset()
	written = append(written, m.mine(t))
	if log := m.log.String(); log != "" {
		t.Errorf("with room again: %s", log)
	}
	if err := m.journal.Close(); err != nil {
		t.Fatal(err)
	}
	m.journal = newJournal(t, path)
	for i, id := range written {
		if !m.recorded(t, id) {
			t.Errorf("block %d of %d is not in the journal, or without a verdict", i, len(written))
		}
	}
}

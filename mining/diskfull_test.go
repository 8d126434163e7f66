//go:build linux || darwin

package mining

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
	"github.com/bytom-solo/bytom-solo/compute"
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
	if m.submitter.WriteAgain(t.Context()); len(m.submitter.unwritten.list()) != 2 {
		t.Errorf("%d blocks wait for room, expected 2", len(m.submitter.unwritten.list()))
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
	if m.submitter.WriteAgain(t.Context()); !slices.Equal(again, later[:1]) {
		t.Errorf("%v were brought again, expected %v, that the chain had lost", again, later[:1])
	}
	m.chain.outcome = nil
	m.chain.place = nil
	written = append(written, later...)
	if m.submitter.WriteAgain(t.Context()); len(m.submitter.unwritten.list()) > 0 {
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

// diskMiner submits blocks with a journal, and keeps what is said of it.
type diskMiner struct {
	chain     *fakeChain
	journal   *Journal
	submitter *Submitter
	log       bytes.Buffer
}

func newDiskMiner(t *testing.T, j *Journal) *diskMiner {
	m := &diskMiner{chain: newFakeChain(), journal: j}
	v := compute.NewVerifier(&fakeBackend{name: "cpu", workers: 1, batch: 1})
	t.Cleanup(v.Close)
	m.submitter = NewSubmitter(SubmitterConfig{
		Sink: m.chain, Source: m.chain, Verifier: v, Journal: j, Now: func() time.Time { return timeAt(5000) },
		Log: slog.New(slog.NewTextHandler(&m.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	return m
}

// mine brings a block to the chain and to the peers.
func (m *diskMiner) mine(t *testing.T) bc.Hash {
	t.Helper()
	announced := len(m.chain.announced)
	v, err := m.submitter.Submit(t.Context(), solve(t, testJob(t, m.chain), true))
	if err != nil || v.Outcome != MainChain {
		t.Fatalf("verdict %+v, error %v", v, err)
	}
	if len(m.chain.announced) != announced+1 || m.chain.announced[announced].Hash() != v.Block {
		t.Fatalf("block %d was not announced", v.Height)
	}
	return v.Block
}

// recorded tells whether the journal has a block, and its verdict.
func (m *diskMiner) recorded(t *testing.T, id bc.Hash) bool {
	t.Helper()
	entries, err := m.journal.Fates()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.ID == id {
			return e.Resolved()
		}
	}
	return false
}

package mining

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/compute"
)

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

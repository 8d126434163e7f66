package mining

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestALateVerdictIsBroughtAgain: a front's second node says that it has a block when nobody waits for that any more. The chain
// is brought it again all the same: that is how it knows that the first node is owed it.
func TestALateVerdictIsBroughtAgain(t *testing.T) {
	m := newDiskMiner(t, nil)
	m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrNotReady }
	m.chain.place = func(bc.Hash, uint64) Place { return Place{} }
	if _, err := m.submitter.Submit(t.Context(), solve(t, testJob(t, m.chain), true)); !errors.Is(err, ErrNotReady) {
		t.Fatal(err)
	}
	m.chain.place = func(id bc.Hash, height uint64) Place { return Place{Known: true, Main: true, There: id, Best: height} }
	brought := 0
	m.chain.outcome = func(*types.Block) (Outcome, error) { brought++; return Duplicate, nil }
	m.again(t)
	m.again(t)
	if n := len(m.submitter.outstanding.list()); brought != 1 || n != 0 {
		t.Errorf("it was brought %d times again, expected once, and %d wait", brought, n)
	}
}

// TestAProvedBlockIsNotDoubtful: who brings a front's block first goes before its proof is known; it comes by a second way, has its
// proof, and is on the best chain. On a disk that is full it is a found block as any other.
func TestAProvedBlockIsNotDoubtful(t *testing.T) {
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	if err := j.Close(); err != nil { // Each write fails from here on.
		t.Fatal(err)
	}
	m := newDiskMiner(t, j)
	block, by := m.frontBlock(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.submitter.SubmitBlock(gone, block, by); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if all := m.submitter.outstanding.list(); len(all) != 1 || !all[0].doubtful() {
		t.Fatalf("%+v, expected a block without a proof", all)
	}
	if v, err := m.submitter.SubmitBlock(t.Context(), block, by); v.Outcome != MainChain || err != nil {
		t.Fatalf("%+v, %v", v, err)
	}
	if all := m.submitter.outstanding.list(); len(all) != 1 || !all[0].judged() || all[0].doubtful() {
		t.Errorf("%+v, expected a block that is in no doubt", all)
	}
}

// TestAKnownBlockIsNotLeft: the chain could not answer for a block, got it by its peers, and has six blocks more by the next look.
func TestAKnownBlockIsNotLeft(t *testing.T) {
	t.Parallel() // It mostly waits.
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	m := newDiskMiner(t, j)
	m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrNotReady }
	m.chain.place = func(bc.Hash, uint64) Place { return Place{} }
	release := m.hang(t)
	sol := solve(t, testJob(t, m.chain), true)
	if _, err := m.submitter.Submit(t.Context(), sol); !errors.Is(err, ErrNotReady) {
		t.Fatal(err)
	}
	release()
	m.submitter.writeAgain(t.Context())
	all := m.submitter.outstanding.list()
	if len(all) != 1 || !all[0].written {
		t.Fatalf("%+v", all)
	}
	h := all[0].block.Height
	m.chain.place = func(id bc.Hash, _ uint64) Place {
		return Place{Known: true, Main: true, There: id, Best: h + forgetAfter}
	}
	m.chain.outcome = func(*types.Block) (Outcome, error) { return Duplicate, nil }
	m.again(t)
	if !m.recorded(t, all[0].id) {
		t.Errorf("it is on the best chain, and the journal has no verdict; %d wait; found %d", len(m.submitter.outstanding.list()), m.submitter.Found())
	}
}

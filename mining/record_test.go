package mining

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestADiskThatHangsHoldsNoBlock keeps the journal's disk busy, for as long as another transaction holds its file.
func TestADiskThatHangsHoldsNoBlock(t *testing.T) {
	t.Parallel() // It mostly waits.
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	m := newDiskMiner(t, j)
	release := m.hangDisk(t)
	start := time.Now()
	found := []bc.Hash{m.mine(t)}
	if took := time.Since(start); took < patience || took > patience+30*time.Second {
		t.Errorf("the block went out after %v, expected to wait %v for the journal", took, patience)
	}
	start = time.Now()
	found = append(found, m.mine(t))
	if took := time.Since(start); took >= patience {
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
	release()
	if err := j.Failing(); err != nil {
		t.Errorf("a disk that answers again: %v", err)
	}
	m.again(t)
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

// TestADiskThatAnswersAgainIsWrittenAtOnce has nobody look for that but when a write has ended that was late.
func TestADiskThatAnswersAgainIsWrittenAtOnce(t *testing.T) {
	t.Parallel() // It mostly waits.
	m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); m.submitter.keepWriting(ctx, time.Hour) }()
	for range 2 { // The second time, too.
		release := m.hangDisk(t)
		found := []bc.Hash{m.mine(t), m.mine(t), m.mine(t)}
		if n := len(m.submitter.outstanding.list()); n != len(found) {
			t.Fatalf("%d blocks wait for the disk, expected %d", n, len(found))
		}
		release()
		for _, id := range found {
			for end := time.Now().Add(20 * time.Second); !m.recorded(t, id); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("a block is not in the journal, whose disk answers again")
				}
			}
		}
	}
	cancel()
	<-ended
}

// again brings and writes again what is outstanding.
func (m *diskMiner) again(t *testing.T) {
	t.Helper()
	m.submitter.bringAgain(t.Context(), func(foundBlock) bool { return true })
	m.submitter.writeAgain(t.Context())
}

// hangDisk keeps the journal's disk busy until the result is called.
func (m *diskMiner) hangDisk(t *testing.T) (release func()) {
	t.Helper()
	tx, err := m.journal.db.Bolt().Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		for m.submitter.late.Load() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// TestABlockOfTwoWaysIsOneWhereTheDiskHangs has a front's block come by the engine and to the node's RPC.
func TestABlockOfTwoWaysIsOneWhereTheDiskHangs(t *testing.T) {
	t.Parallel() // It mostly waits.
	m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
	release := m.hangDisk(t)
	sol := solve(t, testJob(t, m.chain), true)
	block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []Outcome
	for range 2 {
		v, err := m.submitter.deliver(t.Context(), block, Finder{Front: "front-0"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, v.Outcome)
		m.chain.outcome = func(*types.Block) (Outcome, error) { return Duplicate, nil }
	}
	if !slices.Equal(outcomes, []Outcome{MainChain, Duplicate}) || m.submitter.Found() != 1 || len(m.chain.announced) != 1 || len(m.submitter.outstanding.list()) != 1 {
		t.Errorf("outcomes %v, found %d, announced %d, unwritten %d", outcomes, m.submitter.Found(), len(m.chain.announced), len(m.submitter.outstanding.list()))
	}
	release()
	m.again(t)
	if fates, err := m.journal.Fates(); err != nil || len(fates) != 1 || fates[0].Standing(m.journal.Has) != StateMain || len(m.submitter.outstanding.list()) != 0 {
		t.Errorf("the journal has %+v, %v", fates, err)
	}
}

// TestAFalseProofIsRefusedLate has a front's block be written once it is known to prove nothing.
func TestAFalseProofIsRefusedLate(t *testing.T) {
	t.Parallel() // It mostly waits.
	m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
	release := m.hangDisk(t)
	sol := solve(t, testJob(t, m.chain), false)
	block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.submitter.SubmitBlock(t.Context(), block, Finder{Front: "a"}); !errors.Is(err, ErrHighHash) {
		t.Fatalf("error %v", err)
	}
	release()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		fate, ok, err := m.journal.Fate(block.Hash())
		if ok && fate.Standing(m.journal.Has) == StateRefused && len(m.journal.Open()) == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the journal has it: %v %v, %+v", ok, err, fate)
		}
	}
	if len(m.chain.announced) > 0 {
		t.Error("it was announced")
	}
}

// TestABlockIsBroughtAgainWhileTheDiskHangs has the chain take a block at the second try.
func TestABlockIsBroughtAgainWhileTheDiskHangs(t *testing.T) {
	t.Parallel() // It mostly waits.
	m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
	m.chain.place = func(id bc.Hash, height uint64) Place { return Place{} }
	release := m.hangDisk(t)
	m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrNotReady }
	if _, err := m.submitter.Submit(t.Context(), solve(t, testJob(t, m.chain), true)); !errors.Is(err, ErrNotReady) {
		t.Fatalf("error %v", err)
	}
	m.chain.outcome = nil
	m.again(t)
	if got := len(m.chain.blocks()); got != 1 {
		t.Errorf("%d blocks came to the chain while the disk hung, expected 1", got)
	}
	m.chain.place = nil
	release()
	m.again(t)
	if fates, err := m.journal.Fates(); err != nil || len(fates) != 1 || fates[0].Standing(m.journal.Has) != StateMain || len(m.submitter.outstanding.list()) > 0 {
		t.Errorf("the journal has %+v, %v", fates, err)
	}
}

// TestAVerdictWaitsForNoDisk has the disk hang once the chain has the block.
func TestAVerdictWaitsForNoDisk(t *testing.T) {
	t.Parallel() // It mostly waits.
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	m := newDiskMiner(t, j)
	hang := make(chan *bolt.Tx, 1)
	m.chain.onBlock = func() {
		tx, err := j.db.Bolt().Begin(true)
		if err != nil {
			t.Error(err)
		}
		hang <- tx
	}
	start := time.Now()
	id := m.mine(t)
	if took := time.Since(start); took < patience {
		t.Errorf("the verdict came after %v: the disk did not hang", took)
	}
	if m.recorded(t, id) {
		t.Error("the verdict is on a disk that hangs")
	}
	if err := (<-hang).Rollback(); err != nil {
		t.Fatal(err)
	}
	for m.submitter.late.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
	if !m.recorded(t, id) {
		t.Error("the verdict is not in the journal")
	}
}

// hangingChain answers nothing until it may.
type hangingChain struct {
	*fakeChain
	until chan struct{}
}

func (c hangingChain) Process(ctx context.Context, b *types.Block, by Finder) (Outcome, error) {
	<-c.until
	return c.fakeChain.Process(ctx, b, by)
}

// TestAChainThatHangsHoldsNoBlock has the chain answer once the peers have the block.
func TestAChainThatHangsHoldsNoBlock(t *testing.T) {
	t.Parallel() // It mostly waits.
	m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
	hangs := hangingChain{m.chain, make(chan struct{})}
	m.submitter.cfg.Sink = hangs
	answer := make(chan Verdict, 1)
	work := solve(t, testJob(t, m.chain), true)
	go func() {
		v, err := m.submitter.Submit(t.Context(), work)
		if err != nil {
			t.Errorf("error %v", err)
		}
		answer <- v
	}()
	announced := func() []*types.Block {
		m.chain.mu.Lock()
		defer m.chain.mu.Unlock()
		return slices.Clone(m.chain.announced)
	}
	for len(announced()) == 0 {
		select {
		case v := <-answer:
			t.Fatalf("an answer before the chain's: %+v", v)
		case <-time.After(10 * time.Millisecond):
		}
	}
	close(hangs.until)
	v := <-answer
	if v.Outcome != MainChain || v.Block != announced()[0].Hash() {
		t.Errorf("announced %v, and the verdict is %+v", announced()[0].Hash(), v)
	}
	if !strings.Contains(m.log.String(), "announced before this node's chain has answered") {
		t.Errorf("it is said: %s", m.log.String())
	}
	// What has no proof, or something else wrong, is for the chain alone to say.
	hangs.until = make(chan struct{})
	m.submitter.cfg.Sink = hangs
	m.chain.check = func(*types.Block) error { return ErrRejected }
	wrong := &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: 98, PreviousBlockHash: bc.NewHash([32]byte{8})}}
	before := len(announced())
	time.AfterFunc(2*patience, func() { close(hangs.until) })
	if _, err := m.submitter.process(t.Context(), wrong, Finder{}, time.Now(), true); err != nil || len(announced()) != before+1 { // By the chain's answer.
		t.Errorf("%d announced, error %v", len(announced())-before, err)
	}
	hangs.until = make(chan struct{})
	m.submitter.cfg.Sink = hangs
	foreign := &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: 99, PreviousBlockHash: bc.NewHash([32]byte{9})}}
	time.AfterFunc(2*patience, func() { close(hangs.until) })
	before = len(announced())
	if _, err := m.submitter.process(t.Context(), foreign, Finder{}, time.Now(), false); err != nil {
		t.Fatal(err)
	}
	if got := len(announced()); got != before+1 { // Once, by the chain's answer.
		t.Errorf("%d announced, expected 1", got-before)
	}
}

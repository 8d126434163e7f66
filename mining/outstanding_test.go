package mining

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

// frontBlock is a block that a front's rig found, with a proof.
func (m *diskMiner) frontBlock(t *testing.T) (*types.Block, Finder) {
	t.Helper()
	sol := solve(t, testJob(t, m.chain), true)
	block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	return block, Finder{Kind: FoundByRig, Name: "shed.rig1", Owner: "ada", Work: 5, Front: "front-0"}
}

// hang has the disk hang, and a write be late, until the result is called.
func (m *diskMiner) hang(t *testing.T) (release func()) {
	t.Helper()
	release = m.hangDisk(t)
	m.submitter.inTime(func() { _ = m.journal.Resolve(bc.Hash{V0: 1}, "") })
	return release
}

// TestABringingThatBreaksOff has who brings a front's block first go before its proof is known, while the disk hangs or
// not. It gets to the chain and into the journal, whether it comes by a second way or not.
func TestABringingThatBreaksOff(t *testing.T) {
	t.Parallel() // It mostly waits.
	for _, hangs := range []bool{true, false} {
		for _, second := range []bool{true, false} {
			m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
			release := func() {}
			if hangs {
				release = m.hang(t)
			}
			block, by := m.frontBlock(t)
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := m.submitter.SubmitBlock(gone, block, by); !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			if second {
				if v, err := m.submitter.SubmitBlock(t.Context(), block, by); v.Outcome != MainChain || err != nil {
					t.Fatalf("the second way: %+v, %v", v, err)
				}
			}
			release()
			m.again(t)
			f, ok, err := m.journal.Fate(block.Hash())
			if !ok || err != nil || f.By != by || !f.Resolved() || f.standing() != StateMain || m.submitter.Found() != 1 || len(m.submitter.outstanding.list()) > 0 || m.chain.finder != by {
				t.Errorf("disk hangs %v, second way %v: %v, %v, %+v, found %d, outstanding %d", hangs, second, ok, err, f, m.submitter.Found(), len(m.submitter.outstanding.list()))
			}
		}
	}
}

// TestAFalseProofThatBreaksOffIsRefused has the chain say what nobody waited for.
func TestAFalseProofThatBreaksOffIsRefused(t *testing.T) {
	m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
	block, by := m.frontBlock(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.submitter.SubmitBlock(gone, block, by); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrHighHash }
	m.again(t)
	if f, ok, err := m.journal.Fate(block.Hash()); !ok || err != nil || f.Standing(m.journal.Has) != StateRefused || len(m.submitter.outstanding.list()) > 0 {
		t.Errorf("%v, %v, %+v", ok, err, f)
	}
}

// TestABlockOfTwoWaysAtOnceIsCountedOnce has both wait for the same proof.
func TestABlockOfTwoWaysAtOnceIsCountedOnce(t *testing.T) {
	for range 40 {
		m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
		slow := compute.NewVerifier(&fakeBackend{name: "cpu", workers: 1, batch: 1, delay: 5 * time.Millisecond})
		t.Cleanup(slow.Close)
		m.submitter.cfg.Verifier = slow
		block, by := m.frontBlock(t)
		taken := false
		m.chain.outcome = func(b *types.Block) (Outcome, error) {
			if taken {
				return Duplicate, nil
			}
			taken = true
			m.chain.processed = append(m.chain.processed, b)
			return MainChain, nil
		}
		var ways sync.WaitGroup
		var outcomes [2]Outcome
		for i := range outcomes {
			ways.Go(func() {
				v, err := m.submitter.SubmitBlock(context.Background(), block, by)
				if err != nil || !v.Main {
					t.Errorf("%+v, %v", v, err)
				}
				outcomes[i] = v.Outcome
			})
		}
		ways.Wait()
		slices.Sort(outcomes[:])
		if want := [2]Outcome{MainChain, Duplicate}; m.submitter.Found() != 1 || outcomes != want || len(m.chain.announced) != 1 {
			t.Fatalf("found %d, outcomes %v, announced %d", m.submitter.Found(), outcomes, len(m.chain.announced))
		}
	}
}

// TestAStopWaitsForADiskThatHangs has it answer within the time that a stop may take: all blocks are in the
// journal then. One that does not answer is not waited for any longer.
func TestAStopWaitsForADiskThatHangs(t *testing.T) {
	t.Parallel() // It mostly waits.
	m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
	release := m.hang(t)
	found := []bc.Hash{m.mine(t), m.mine(t), m.mine(t)}
	ctx, stop := context.WithCancel(t.Context())
	last, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.submitter.Run(ctx, last) }()
	stop()
	select {
	case <-ended:
		t.Fatal("the stop did not wait for the disk")
	case <-time.After(100 * time.Millisecond):
	}
	release()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, id := range found {
		if !m.recorded(t, id) {
			t.Error("a block is not in the journal after the stop, or without a verdict")
		}
	}

	release = m.hang(t)
	m.mine(t)
	end()
	start := time.Now()
	m.submitter.End(last)
	if took := time.Since(start); took > patience {
		t.Errorf("the stop went on for %v after its time", took)
	}
	release()
}

// awayChain is one whose nodes don't answer, for half a second each time, until they are back.
type awayChain struct {
	*fakeChain
	back *atomic.Bool
}

func (c awayChain) Process(ctx context.Context, b *types.Block, by Finder) (Outcome, error) {
	if c.back.Load() {
		return c.fakeChain.Process(ctx, b, by)
	}
	time.Sleep(patience / 2)
	return 0, ErrNotReady
}

// TestWritingWaitsForNoChain has a front's nodes be away: what waited for the disk is written at once.
func TestWritingWaitsForNoChain(t *testing.T) {
	t.Parallel() // It mostly waits.
	m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
	m.chain.place = func(bc.Hash, uint64) Place { return Place{} }
	away := awayChain{m.chain, new(atomic.Bool)}
	m.submitter.cfg.Sink = away
	release := m.hang(t)
	template := testJob(t, m.chain).Template
	var all sync.WaitGroup
	for i := range 5 {
		sol := solve(t, NewJob(template, uint64(i)), true)
		all.Go(func() {
			if _, err := m.submitter.Submit(t.Context(), sol); !errors.Is(err, ErrNotReady) {
				t.Errorf("error %v", err)
			}
		})
	}
	all.Wait()
	release()
	start := time.Now()
	left := m.submitter.writeAgain(t.Context())
	if took := time.Since(start); left > 0 || len(m.journal.Open()) != 5 || took >= patience {
		t.Errorf("%d of 5 blocks are in the journal, %d left, after %v", len(m.journal.Open()), left, took)
	}
	if n := len(m.submitter.outstanding.list()); n != 5 {
		t.Errorf("%d blocks are brought again, expected 5", n)
	}
	m.chain.place = nil
	away.back.Store(true)
	m.again(t)
	if n := len(m.submitter.outstanding.list()); n != 0 || len(m.chain.blocks()) == 0 {
		t.Errorf("%d blocks wait still, and %d came to the chain", n, len(m.chain.blocks()))
	}
}

// TestARefusedBlockIsSaidSoLate has the disk hang while the chain refuses a block, which it may keep.
func TestARefusedBlockIsSaidSoLate(t *testing.T) {
	t.Parallel() // It mostly waits.
	for _, p := range []Place{{}, {Known: true, Invalid: ErrBadTx, There: bc.Hash{V0: 7}, Best: 11}, {Known: true, Invalid: ErrBadTx, Best: 11}} {
		m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
		release := m.hang(t)
		m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrBadTx }
		if _, err := m.submitter.Submit(t.Context(), solve(t, testJob(t, m.chain), true)); !errors.Is(err, ErrBadTx) {
			t.Fatal(err)
		}
		m.chain.place = func(bc.Hash, uint64) Place { return p }
		release()
		m.again(t)
		if fates, err := m.journal.Fates(); err != nil || len(fates) != 1 || fates[0].Standing(m.journal.Has) != StateRefused || !fates[0].Settled {
			t.Errorf("%+v, %v", fates, err)
		}
	}
}

// TestWithoutAJournalABlockIsBroughtAgain has nobody answer for a front's block at first.
func TestWithoutAJournalABlockIsBroughtAgain(t *testing.T) {
	m := newDiskMiner(t, nil)
	m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrNotReady }
	if _, err := m.submitter.Submit(t.Context(), solve(t, testJob(t, m.chain), true)); !errors.Is(err, ErrNotReady) {
		t.Fatalf("error %v", err)
	}
	m.again(t)
	m.chain.outcome = nil
	m.again(t)
	if len(m.chain.blocks()) != 1 || m.submitter.Found() != 1 || len(m.submitter.outstanding.list()) > 0 {
		t.Errorf("%d blocks came to the chain, found %d, %d wait", len(m.chain.blocks()), m.submitter.Found(), len(m.submitter.outstanding.list()))
	}
	m.submitter.End(t.Context())
}

// TestWhatTheChainWentOnWithoutIsLeft has a front's nodes lack a block's parent, for good.
func TestWhatTheChainWentOnWithoutIsLeft(t *testing.T) {
	t.Parallel() // It mostly waits.
	for _, journal := range []bool{true, false} {
		var j *Journal
		if journal {
			j = newJournal(t, filepath.Join(t.TempDir(), "j.db"))
		}
		m := newDiskMiner(t, j)
		release := func() {}
		if journal {
			release = m.hang(t)
		}
		m.chain.outcome = func(*types.Block) (Outcome, error) { return Orphan, nil }
		m.chain.place = func(bc.Hash, uint64) Place { return Place{Best: 11 + forgetAfter - 1} }
		if v, err := m.submitter.Submit(t.Context(), solve(t, testJob(t, m.chain), true)); v.Outcome != Orphan || err != nil {
			t.Fatal(v, err)
		}
		release()
		m.again(t)
		m.again(t)
		for ; journal && !m.submitter.outstanding.list()[0].written; m.again(t) {
			time.Sleep(10 * time.Millisecond) // The machine's own disk may take longer than a block waits for it.
		}
		if n := len(m.submitter.outstanding.list()); n != 1 {
			t.Errorf("journal %v: with five above it %d blocks are brought again, expected 1", journal, n)
		}
		m.chain.place = func(bc.Hash, uint64) Place { return Place{Best: 11 + forgetAfter} }
		m.again(t)
		if n := len(m.submitter.outstanding.list()); n != 0 || journal && len(j.Open()) != 1 {
			t.Errorf("journal %v: with six above it %d blocks are brought again, expected none", journal, n)
		}
	}
}

// TestRunBringsAgain has a front's nodes be back when the process is told to stop, or before that: blocks get to
// them by Run alone, with who found them, whether the journal's disk is full for good or there is no journal.
func TestRunBringsAgain(t *testing.T) {
	t.Parallel() // It mostly waits.
	for _, journal := range []bool{true, false} {
		var j *Journal
		if journal {
			j = newJournal(t, filepath.Join(t.TempDir(), "j.db"))
			if err := j.Close(); err != nil { // Each write fails from here on.
				t.Fatal(err)
			}
		}
		m := newDiskMiner(t, j)
		m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrNotReady }
		m.chain.place = func(bc.Hash, uint64) Place { return Place{} }
		sol := solve(t, testJob(t, m.chain), true)
		sol.By = Finder{Kind: FoundByRig, Owner: "ada", Work: 5}
		if _, err := m.submitter.Submit(t.Context(), sol); !errors.Is(err, ErrNotReady) {
			t.Fatal(err)
		}
		m.chain.outcome = nil
		ctx, stop := context.WithCancel(t.Context())
		last, end := context.WithTimeout(t.Context(), time.Second)
		defer end()
		stop()
		start := time.Now()
		if err := m.submitter.Run(ctx, last); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(start); len(m.chain.blocks()) != 1 || m.chain.finder != sol.By || took > 10*time.Second {
			t.Errorf("journal %v: the block was brought %d times, by %+v, in %v", journal, len(m.chain.blocks()), m.chain.finder, took)
		}
	}
}

// TestAChainThatHangsHoldsNoStop has it hang for a block that is brought again.
func TestAChainThatHangsHoldsNoStop(t *testing.T) {
	m := newDiskMiner(t, nil)
	m.chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrNotReady }
	m.chain.place = func(bc.Hash, uint64) Place { return Place{} }
	hangs := hangingChain{m.chain, make(chan struct{})}
	close(hangs.until)
	m.submitter.cfg.Sink = hangs
	if _, err := m.submitter.Submit(t.Context(), solve(t, testJob(t, m.chain), true)); !errors.Is(err, ErrNotReady) {
		t.Fatal(err)
	}
	hangs.until = make(chan struct{})
	m.submitter.cfg.Sink = hangs
	defer close(hangs.until)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	last, end := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer end()
	ended := make(chan error, 1)
	go func() { ended <- m.submitter.Run(ctx, last) }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("Run goes on for ever")
	}
}

// TestReplayHasTheFinder: a front's nodes credit who found a block of an earlier run.
func TestReplayHasTheFinder(t *testing.T) {
	m := newDiskMiner(t, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
	block, by := m.frontBlock(t)
	if err := m.journal.Record(block, time.Now(), by); err != nil {
		t.Fatal(err)
	}
	end := m.submitter.outstanding.begin(block.Hash())
	for _, brought := range []int{0, 1} { // Not while it is under way.
		if err := m.submitter.Replay(t.Context()); err != nil || len(m.chain.blocks()) != brought {
			t.Errorf("%d brought, expected %d: %v", len(m.chain.blocks()), brought, err)
		}
		if brought == 0 {
			end()
		}
	}
	if m.chain.finder != by {
		t.Errorf("it was brought by %+v", m.chain.finder)
	}
}

// TestTooManyOutstanding: the oldest goes, but first of all what may be no block at all.
func TestTooManyOutstanding(t *testing.T) {
	var o outstanding
	keep := func(height uint64, unproved bool) uint64 {
		t.Helper()
		b := foundBlock{block: &types.Block{BlockHeader: types.BlockHeader{Height: height}}, unproved: unproved}
		gone := o.keep(b)
		if height >= 1001 && height < 1003 { // Refused by now, on a disk that is full.
			o.answer(b.block.Hash(), Verdict{}, ErrHighHash)
		}
		if gone != nil {
			if o.has(gone.block.Hash()) {
				t.Error("it is there still")
			}
			return gone.block.Height
		}
		return 0
	}
	for height := range uint64(mostOutstanding) {
		if gone := keep(1+height, height == 7); gone != 0 {
			t.Fatalf("block %d goes with %d others", gone, height)
		}
	}
	for _, step := range []struct {
		height   uint64
		unproved bool
		gone     uint64
	}{{1000, false, 8}, {1001, true, 1001}, {1002, false, 1}, {1002, false, 0}, {1003, false, 1002}, {1004, false, 2}} {
		if gone := keep(step.height, step.unproved); gone != step.gone {
			t.Errorf("block %d, proof unknown %v: block %d goes, expected %d", step.height, step.unproved, gone, step.gone)
		}
	}
	if n := len(o.list()); n != mostOutstanding {
		t.Errorf("%d blocks", n)
	}
}

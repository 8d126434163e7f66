package mining

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/compute"
)

func newJournal(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := OpenJournal(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// newJournaled is a submitter with a journal.
func newJournaled(t *testing.T, c *fakeChain, j *Journal) *Submitter {
	t.Helper()
	v := compute.NewVerifier(&fakeBackend{name: "cpu", workers: 1, batch: 1})
	t.Cleanup(v.Close)
	return NewSubmitter(SubmitterConfig{
		Sink: c, Source: c, Verifier: v, Journal: j, Now: func() time.Time { return timeAt(5000) },
	})
}

// TestWrittenDownBeforeItIsSent looks into the journal from within the chain.
func TestWrittenDownBeforeItIsSent(t *testing.T) {
	c := newFakeChain()
	j := newJournal(t, filepath.Join(t.TempDir(), "deep", "j.db"))
	s := newJournaled(t, c, j)
	asked := 0
	c.outcome = func(b *types.Block) (Outcome, error) {
		asked++
		all, err := j.Fates()
		if err != nil || len(all) != 1 || all[0].Resolved() || all[0].ID != b.Hash() {
			t.Errorf("in the chain's hands, the journal has %d entries: %v", len(all), err)
		}
		return MainChain, nil
	}
	sol := solve(t, testJob(t, c), true)
	if _, err := s.Submit(t.Context(), sol); err != nil || asked != 1 {
		t.Fatalf("asked %d times, error %v", asked, err)
	}
	all, err := j.Fates()
	if err != nil || len(all) != 1 || all[0].Verdict != "main chain" || all[0].Txs != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	if b, err := j.Block(all[0].ID); err != nil || b.Hash() != all[0].ID || len(b.Transactions) != 4 {
		t.Fatalf("the block in the journal: %+v, %v", b, err)
	}
}

// TestReplay ends a submitter where a kill -9 could, and starts the next one on the
// same file.
func TestReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	c := newFakeChain()
	j := newJournal(t, path)
	s := newJournaled(t, c, j)
	sol := solve(t, testJob(t, c), true)
	c.outcome = func(*types.Block) (Outcome, error) { return 0, ErrStopped }
	if _, err := s.Submit(t.Context(), sol); !errors.Is(err, ErrStopped) {
		t.Fatalf("error %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}

	c.outcome = nil
	j = newJournal(t, path)
	next := newJournaled(t, c, j)
	if err := next.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(c.blocks()) != 1 || len(c.announced) != 1 || next.Found() != 1 {
		t.Fatalf("%d blocks on the chain, %d announced", len(c.blocks()), len(c.announced))
	}
	// Once is enough, except that a chain that forgot is reminded, up to six blocks above.
	for _, forgot := range []bool{false, true} {
		for _, above := range []uint64{0, 5, 6, 7} {
			asked := 0
			c.outcome = func(*types.Block) (Outcome, error) { asked++; return MainChain, nil }
			c.place = func(bc.Hash, uint64) Place { return Place{Known: !forgot, Main: !forgot} }
			c.tip.Height = 11 + above
			if err := next.Replay(t.Context()); err != nil {
				t.Fatal(err)
			}
			if want := map[bool]int{true: 1, false: 0}[forgot && above < 6]; asked != want {
				t.Errorf("%d blocks above, forgotten %v: submitted %d times again, expected %d", above, forgot, asked, want)
			}
		}
	}
}

// TestABlockIsToldOnce has a start bring a block in that the last run left open, and that
// the watcher sees on the chain meanwhile.
func TestABlockIsToldOnce(t *testing.T) {
	for _, late := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := newFakeChain()
			j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
			told := 0
			j.Watch(func(_ Fate, events []Event) {
				for _, e := range events {
					if e.State == StateMain {
						told++
					}
				}
			})
			s := newJournaled(t, c, j)
			c.outcome = func(*types.Block) (Outcome, error) { return 0, ErrStopped }
			if _, err := s.Submit(t.Context(), solve(t, testJob(t, c), true)); !errors.Is(err, ErrStopped) {
				t.Fatal(err)
			}
			time.Sleep(2 * underWay)
			c.place = func(id bc.Hash, height uint64) Place { return Place{Known: true, Main: true, There: id, Best: height} }
			w := NewFateWatcher(FateWatcherConfig{Journal: j, Source: c})
			c.outcome = func(*types.Block) (Outcome, error) { return Duplicate, nil }
			s.cfg.Relay = func(*types.Block) {
				if !late {
					w.look()
				}
			}
			if err := s.Replay(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.look()
			if f := j.Open()[0]; told != 1 || !f.Resolved() || f.standing() != StateMain {
				t.Errorf("look after the submission %v: told %d times that it is on the best chain, expected once: %v", late, told, states(f))
			}
		})
	}
}

// TestABlockOfTheFutureIsFollowed opens a journal whose block was found, and not answered,
// while the clock was a day ahead.
func TestABlockOfTheFutureIsFollowed(t *testing.T) {
	c := newFakeChain()
	path := filepath.Join(t.TempDir(), "j.db")
	j := newJournal(t, path)
	block, err := testJob(t, c).Block(c.Tip().MedianTime+1, 5)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Record(block, time.Now().Add(24*time.Hour), Finder{}), j.Close()); err != nil {
		t.Fatal(err)
	}
	c.place = func(id bc.Hash, height uint64) Place { return Place{Known: true, Main: true, There: id, Best: height} }
	j = newJournal(t, path)
	NewFateWatcher(FateWatcherConfig{Journal: j, Source: c}).look()
	if f := j.Open()[0]; f.standing() != StateMain {
		t.Errorf("it is on the best chain, and its states are %v", states(f))
	}
}

// TestWhatIsNotTheBlocksFaultLeavesItOpen submits to a chain that is out of order.
func TestWhatIsNotTheBlocksFaultLeavesItOpen(t *testing.T) {
	for _, failure := range []error{ErrStopped, ErrNotReady, ErrChainFailed, errors.New("the verifier is closed")} {
		c := newFakeChain()
		j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
		s := newJournaled(t, c, j)
		c.outcome = func(*types.Block) (Outcome, error) { return 0, failure }
		if _, err := s.Submit(t.Context(), solve(t, testJob(t, c), true)); !errors.Is(err, failure) {
			t.Fatalf("error %v, expected %v", err, failure)
		}
		if open := j.Open(); len(open) != 1 || open[0].Resolved() {
			t.Errorf("after %q: %+v", failure, open)
		}
		// What this node can't take the others still may.
		if want := map[bool]int{true: 1, false: 0}[errors.Is(failure, ErrChainFailed)]; len(c.announced) != want {
			t.Errorf("after %q: announced %d times, expected %d", failure, len(c.announced), want)
		}
		if err := s.Replay(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.outcome = nil
		if err := s.Replay(t.Context()); err != nil || len(c.blocks()) != 1 {
			t.Errorf("after %q, the chain in order again: %d blocks, %v", failure, len(c.blocks()), err)
		}
	}
}

func TestARefusedBlockIsNotPending(t *testing.T) {
	c := newFakeChain()
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	s := newJournaled(t, c, j)
	c.outcome = func(*types.Block) (Outcome, error) { return 0, ErrRejected }
	if _, err := s.Submit(t.Context(), solve(t, testJob(t, c), true)); !errors.Is(err, ErrRejected) {
		t.Fatalf("error %v", err)
	}
	if open := j.Open(); len(open) != 0 {
		t.Errorf("%d open", len(open))
	}
}

// TestABrokenJournalCostsNoBlock submits with a journal that can't be written.
func TestABrokenJournalCostsNoBlock(t *testing.T) {
	c := newFakeChain()
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	v, err := newJournaled(t, c, j).Submit(t.Context(), solve(t, testJob(t, c), true))
	if err != nil || v.Outcome != MainChain || len(c.announced) != 1 {
		t.Errorf("verdict %+v, error %v", v, err)
	}
}

func TestJournalRefusals(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "not a journal")
	if err := os.WriteFile(file, []byte("something else altogether, long enough to be looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(file, nil); err == nil {
		t.Error("a file of something else was opened")
	}
	j := newJournal(t, filepath.Join(dir, "j.db"))
	if err := j.Resolve(bc.Hash{}, "x"); err == nil {
		t.Error("a block that was never recorded was resolved")
	}
}

// TestJournalDamaged changes a page further in, which bbolt has no checksum of: the node
// is told, and does not hang.
func TestJournalDamaged(t *testing.T) {
	c := newFakeChain()
	path := filepath.Join(t.TempDir(), "j.db")
	j := newJournal(t, path)
	if _, err := newJournaled(t, c, j).Submit(t.Context(), solve(t, testJob(t, c), true)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	clear(whole[2*page:]) // All but the two pages that have checksums.
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(path, nil); !errors.Is(err, boltcheck.ErrDamaged) {
		t.Errorf("opened: %v", err)
	}
}

// BenchmarkRecord is what the insurance costs on the way from a solution to the
// chain: one fsync.
func BenchmarkRecord(b *testing.B) {
	j, err := OpenJournal(filepath.Join(b.TempDir(), "j.db"), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	template, err := newTemplate(Tip{Bits: easyBits}, randomCandidates(random(), 63), testPayee, nil, timeAt(1), NewParent)
	if err != nil {
		b.Fatal(err)
	}
	for i := range b.N {
		block, err := NewJob(template, uint64(i)).Block(1, 1)
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Record(block, timeAt(1), Finder{}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestProbeSeesAJournalThatCannotBeWritten probes one whose file has been closed.
func TestProbeSeesAJournalThatCannotBeWritten(t *testing.T) {
	j, err := OpenJournal(filepath.Join(t.TempDir(), "journal.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if j.Probe(); j.Failing() != nil {
			t.Errorf("failing: %v", j.Failing())
		}
	}
	if fates, err := j.Fates(); err != nil || len(fates) > 0 {
		t.Errorf("a probe is listed as a block: %v, %v", fates, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j.Probe(); j.Failing() == nil {
		t.Error("a closed journal takes writes")
	}
}

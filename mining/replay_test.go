package mining

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
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

// TestADamagedBlockHoldsUpNone: of two blocks that a run left open one was changed on the disk, so that it is
// another or none; the other one is brought to the chain.
func TestADamagedBlockHoldsUpNone(t *testing.T) {
	for _, change := range []func(text []byte) []byte{
		func(text []byte) []byte { text[8] ^= 1; return text },
		func(text []byte) []byte { return text[:len(text)/2] },
	} {
		chain := newFakeChain()
		j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
		s := newJournaled(t, chain, j)
		chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrStopped }
		template := testJob(t, chain).Template
		for extranonce := range uint64(2) {
			if _, err := s.Submit(t.Context(), solve(t, NewJob(template, extranonce), true)); !errors.Is(err, ErrStopped) {
				t.Fatal(err)
			}
		}
		bad, good := j.Open()[0].ID, j.Open()[1].ID
		err := j.db.Update(func(tx *bolt.Tx) error {
			b := tx.Bucket(blocksBucket)
			return b.Put(bad.Bytes(), change(bytes.Clone(b.Get(bad.Bytes()))))
		})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := j.Block(bad); !errors.Is(err, boltcheck.ErrDamaged) {
			t.Errorf("the damaged block is read as %v, %v", b, err)
		}
		var taken []bc.Hash
		chain.outcome = func(b *types.Block) (Outcome, error) { taken = append(taken, b.Hash()); return MainChain, nil }
		if err := s.Replay(t.Context()); err != nil || len(taken) != 1 || taken[0] != good {
			t.Errorf("%v, %v were submitted again, expected %v", err, taken, good.String())
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

// TestARefusalIsNotBroughtForEver: who watches noted that a block is on the best chain, the answer to who brought it never came. After
// a restart all refuse it. A hundred blocks later it is still brought each time, as each five seconds on a front.
func TestARefusalIsNotBroughtForEver(t *testing.T) {
	chain := newFakeChain()
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	s := newJournaled(t, chain, j)
	chain.outcome = func(*types.Block) (Outcome, error) { return 0, ErrStopped }
	if _, err := s.Submit(t.Context(), solve(t, testJob(t, chain), true)); !errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	f := j.Open()[0]
	if err := j.Append(f.ID, false, Event{State: StateMain, At: time.Now(), Best: f.Height}); err != nil {
		t.Fatal(err)
	}
	brought := 0
	chain.outcome = func(*types.Block) (Outcome, error) { brought++; return 0, ErrBadBits }
	chain.place = func(bc.Hash, uint64) Place {
		return Place{Known: brought > 0, Invalid: ErrBadBits, Best: f.Height + 200}
	}
	chain.mu.Lock()
	chain.tip.Height = f.Height + 200
	chain.mu.Unlock()
	s = newJournaled(t, chain, j)
	for range 10 {
		if err := s.Replay(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if brought > 1 {
		t.Errorf("a block of 200 blocks ago that all refuse was brought %d times in 10 looks; %+v", brought, j.Open())
	}
}

package mining

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// TestWhatIsWrongWithAKnownBlock asks for a block that the chain has: the rules are asked
// only of one that is off the best chain, for no known reason, and builds on the tip.
func TestWhatIsWrongWithAKnownBlock(t *testing.T) {
	known := Place{Known: true}
	for _, test := range []struct {
		name    string
		place   Place
		moved   bool // the tip is another than the block's parent
		check   error
		asked   bool
		invalid error
	}{
		{"unknown", Place{}, false, ErrBadTx, false, nil},
		{"on the best chain", Place{Known: true, Main: true}, false, ErrBadTx, false, nil},
		{"refused before", Place{Known: true, Invalid: ErrBlockGas}, false, ErrBadTx, false, ErrBlockGas},
		{"of a branch", known, true, ErrBadTx, false, nil},
		{"bad", known, false, ErrBadTx, true, ErrBadTx},
		{"good", known, false, nil, true, nil},
		{"the tip has just moved", known, false, ErrBadParent, true, nil},
		{"the node is stopping", known, false, ErrStopped, true, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newFakeChain()
			s := newTestSubmitter(t, c)
			sol := solve(t, testJob(t, c), true)
			block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
			if err != nil {
				t.Fatal(err)
			}
			asked := false
			c.place = func(bc.Hash, uint64) Place { return test.place }
			c.check = func(*types.Block) error { asked = true; return test.check }
			if test.moved {
				c.connect(2)
			}
			if p := s.Known(t.Context(), block); asked != test.asked || p.Invalid != test.invalid {
				t.Errorf("the rules were asked: %v, invalid: %v; expected %v, %v", asked, p.Invalid, test.asked, test.invalid)
			}
		})
	}
}

// TestReplaySaysWhatBecameOfABlock has the chain take, or refuse, what the last run left.
func TestReplaySaysWhatBecameOfABlock(t *testing.T) {
	for _, test := range []struct {
		err       error
		want, not string
	}{
		{nil, "found block of an earlier run submitted", "not taken"},
		{ErrBadTx, "found block of an earlier run not taken", "submitted\""},
	} {
		c := newFakeChain()
		j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
		sol := solve(t, testJob(t, c), true)
		block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
		if err != nil {
			t.Fatal(err)
		}
		s := newJournaled(t, c, j)
		if !s.record(block, Finder{}, timeAt(1)).written {
			t.Fatal("not recorded")
		}
		var log bytes.Buffer
		s.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		c.outcome = func(*types.Block) (Outcome, error) { return MainChain, test.err }
		if err := s.Replay(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := log.String(); !strings.Contains(got, test.want) || strings.Contains(got, test.not) {
			t.Errorf("the chain said %v, the log: %s", test.err, got)
		}
	}
}

// TestAKnownBlockOfAFrontIsWrittenDown: the process that took it had a disk that failed, and was killed. When
// the front brings it again it gets into the journal, once, with where it stands; nobody else's does, nor one that
// the chain refused, is settled, or pays somebody else.
func TestAKnownBlockOfAFrontIsWrittenDown(t *testing.T) {
	front := Finder{Kind: FoundByRig, Name: "shed.rig1", Owner: "shed", Front: "front-0"}
	rival := bc.Hash{V0: 7}
	foreign := Finder{Kind: FoundByBlock, Name: "shed.rig1", Front: "front-0"}
	for _, test := range []struct {
		by    Finder
		place func(id bc.Hash) Place
		want  []FateState // nil: it is not in the journal
	}{
		{front, func(id bc.Hash) Place { return Place{Known: true, Main: true, There: id, Best: 30} }, []FateState{StateFound, StateJournaled, StateSubmitted, StateMain}},
		{front, func(bc.Hash) Place { return Place{Known: true, There: rival, Best: 30} }, []FateState{StateFound, StateJournaled, StateSubmitted, StateLost}},
		{front, func(bc.Hash) Place { return Place{Known: true, Invalid: ErrBadTx, There: rival, Best: 30} }, nil},
		{front, func(id bc.Hash) Place { return Place{Known: true, Main: true, There: id, Best: 11 + MaturedAt} }, nil},
		{foreign, func(id bc.Hash) Place { return Place{Known: true, Main: true, There: id, Best: 30} }, nil},
		{Finder{Kind: FoundByRig, Name: "shed.rig1"}, func(id bc.Hash) Place { return Place{Known: true, Main: true, There: id, Best: 30} }, nil},
	} {
		c := newFakeChain()
		j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
		s := newJournaled(t, c, j)
		sol := solve(t, testJob(t, c), true)
		block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
		if err != nil {
			t.Fatal(err)
		}
		id := block.Hash()
		c.place = func(bc.Hash, uint64) Place { return test.place(id) }
		for range 2 { // It comes by two ways.
			if v, err := s.SubmitBlock(t.Context(), block, test.by); err != nil || v.Outcome != Duplicate {
				t.Errorf("%+v, %v", v, err)
			}
		}
		f, ok, err := j.Fate(id)
		if err != nil || ok != (test.want != nil) || !slices.Equal(states(f), test.want) || ok && (f.By != test.by || !f.Resolved()) {
			t.Errorf("%v: %v, %+v, %v, expected %v", test.by, ok, f, err, test.want)
		}
	}
}

// TestABlockOfAFrontIsWrittenDownWhileItIsHashed: it is in the journal, with what became of it, whether
// its proof is one or not; what is wrong with it otherwise has no place there.
func TestABlockOfAFrontIsWrittenDownWhileItIsHashed(t *testing.T) {
	for _, good := range []bool{true, false} {
		c := newFakeChain()
		j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
		s := newJournaled(t, c, j)
		sol := solve(t, testJob(t, c), good)
		block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
		if err != nil {
			t.Fatal(err)
		}
		by := Finder{Kind: FoundByRig, Name: "rig", Front: "front"}
		v, err := s.SubmitBlock(t.Context(), block, by)
		f, ok, failed := j.Fate(block.Hash())
		if failed != nil || !ok || f.By != by {
			t.Fatalf("the journal has %+v, %v, %v", f, ok, failed)
		}
		last := f.Events[len(f.Events)-1].State
		switch {
		case good && (err != nil || v.Outcome != MainChain || last != StateMain || len(c.processed) != 1):
			t.Errorf("%+v, %v, %+v, %d processed", v, err, f, len(c.processed))
		case !good && (!errors.Is(err, ErrHighHash) || last != StateRefused || !f.Resolved() || len(c.processed) != 0):
			t.Errorf("%v, %+v, %d processed", err, f, len(c.processed))
		}
		if good {
			continue // The chain has gone on from the block's parent.
		}
		block.Timestamp = 1
		if _, err := s.SubmitBlock(t.Context(), block, by); err == nil || j.Has(block.Hash()) {
			t.Errorf("a block of another time: %v; it is in the journal: %v", err, j.Has(block.Hash()))
		}
	}
}

package mining

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// states is the life of a block in short.
func states(f Fate) (all []FateState) {
	for _, e := range f.Events {
		all = append(all, e.State)
	}
	return all
}

// TestTheLifeOfABlock follows a block that wins, is reorganised away, and comes back,
// until it has matured.
func TestTheLifeOfABlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newFakeChain()
		j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
		s := newJournaled(t, c, j)
		w := NewFateWatcher(FateWatcherConfig{Journal: j, Source: c})
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		v, err := s.Submit(t.Context(), solve(t, testJob(t, c), true))
		if err != nil {
			t.Fatal(err)
		}
		rival := bc.Hash{V0: 7}
		step := func(p Place, want ...FateState) {
			t.Helper()
			c.mu.Lock()
			c.place = func(bc.Hash, uint64) Place { return p }
			c.mu.Unlock()
			for range 2 { // The second look sees nothing new.
				w.TipChanged()
				time.Sleep(2 * settle)
			}
			f, ok, err := j.Fate(v.Block)
			if got := states(f); !ok || err != nil || !slices.Equal(got, want) {
				t.Errorf("at %+v: %v, expected %v (%v)", p, got, want, err)
			}
		}
		main := func(confirmations uint64) Place {
			return Place{Known: true, Main: true, There: v.Block, Best: v.Height + confirmations - 1}
		}
		life := []FateState{StateFound, StateJournaled, StateSubmitted, StateMain}
		step(main(1), life...)
		step(main(5), life...)
		step(main(6), append(life, StateConfirmed)...)
		life = append(life, StateConfirmed, StateLost)
		step(Place{Known: true, There: rival, Best: v.Height + 7}, life...)
		life = append(life, StateMain, StateConfirmed)
		step(main(9), life...)
		step(main(99), life...)
		step(main(100), append(life, StateMatured)...)
		f, _, err := j.Fate(v.Block)
		if paid := c.blocks()[0].Transactions[0].Outputs[0].Amount; f.Txs != 3 || f.Reward != paid || paid == 0 {
			t.Errorf("%d transactions, reward %d, expected 3 and %d", f.Txs, f.Reward, paid)
		}
		if lost := f.Events[5]; err != nil || lost.Winner == nil || *lost.Winner != rival || lost.Best != v.Height+7 {
			t.Errorf("lost: %+v, %v", lost, err)
		}
		if open := j.Open(); len(open) != 0 || !f.Settled {
			t.Errorf("matured, and yet %d are watched", len(open))
		}
		cancel()
		<-done
	})
}

// TestAForgottenBlockIsLost: a chain that a power cut had forget a block, and that went on without it, has
// lost it, though it was on the best chain once; back from another node, it is there again.
func TestAForgottenBlockIsLost(t *testing.T) {
	id, rival := bc.Hash{V0: 1}, bc.Hash{V0: 7}
	const height = 10
	for _, c := range []struct {
		at      Place
		last    FateState
		settled bool
	}{
		{Place{Best: height - 3}, StateMain, false},
		{Place{There: rival, Best: height + 5}, StateMain, false}, // The next start submits it again.
		{Place{There: rival, Best: height + 6}, StateLost, false},
		{Place{There: rival, Best: height + 100}, StateLost, true},
		{Place{Known: true, Main: true, There: id, Best: height + 3}, StateMain, false},
	} {
		f := Fate{ID: id, Height: height, Verdict: "main-chain", Events: []Event{{State: StateFound}, {State: StateMain}}}
		events, settled := f.next(c.at, time.Now())
		f.Events = append(f.Events, events...)
		last := f.Events[len(f.Events)-1]
		if last.State != c.last || settled != c.settled || c.last == StateLost && (last.Winner == nil || *last.Winner != rival) {
			t.Errorf("at %+v: %+v, settled %v, expected %s, %v", c.at, last, settled, c.last, c.settled)
		}
		if again, _ := f.next(c.at, time.Now()); len(again) > 0 {
			t.Errorf("at %+v: told twice: %+v", c.at, again)
		}
	}
}

// TestALostRace is told at once with the winner, and given up a hundred blocks later.
func TestALostRace(t *testing.T) {
	c := newFakeChain()
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	s := newJournaled(t, c, j)
	rival := bc.Hash{V0: 7}
	sol := solve(t, testJob(t, c), true)
	c.outcome = func(*types.Block) (Outcome, error) {
		c.place = func(bc.Hash, uint64) Place { return Place{Known: true, There: rival, Best: 11} }
		return SideChain, nil
	}
	v, err := s.Submit(t.Context(), sol)
	if err != nil || v.Outcome != SideChain || v.Winner != rival {
		t.Fatalf("verdict %+v, %v", v, err)
	}
	f, _, err := j.Fate(v.Block)
	last := f.Events[len(f.Events)-1]
	if err != nil || last.State != StateLost || *last.Winner != rival || f.Verdict != "side chain" {
		t.Fatalf("fate %+v, %v", f, err)
	}
	told := 0
	w := NewFateWatcher(FateWatcherConfig{Journal: j, Source: c, Stands: func(f Fate, p Place) {
		if told++; f.ID != v.Block || p.There != rival || p.Main {
			t.Errorf("told of %v at %+v", f.ID, p)
		}
	}})
	for _, best := range []uint64{12, v.Height + MaturedAt - 1, v.Height + MaturedAt} {
		c.place = func(bc.Hash, uint64) Place { return Place{Known: true, There: rival, Best: best} }
		w.look()
		if want := map[bool]int{true: 0, false: 1}[best >= v.Height+MaturedAt]; len(j.Open()) != want {
			t.Errorf("at height %d: %d watched, expected %d", best, len(j.Open()), want)
		}
	}
	if f, _, _ := j.Fate(v.Block); len(f.Events) != 4 {
		t.Errorf("events %v, expected no more than the four before", states(f))
	}
	if told != 3 {
		t.Errorf("told %d times where it is, expected 3", told)
	}
}

// TestTheJournalSurvivesItsProcess opens it again, for writing and for reading.
func TestTheJournalSurvivesItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	c := newFakeChain()
	j := newJournal(t, path)
	var told []FateState
	j.Watch(func(_ Fate, events []Event) {
		for _, e := range events {
			told = append(told, e.State)
		}
	})
	v, err := newJournaled(t, c, j).Submit(t.Context(), solve(t, testJob(t, c), true))
	if err != nil {
		t.Fatal(err)
	}
	if want := []FateState{StateFound, StateJournaled, StateSubmitted, StateMain}; !slices.Equal(told, want) {
		t.Errorf("told %v, expected %v", told, want)
	}
	if _, err := ReadJournal(path); err == nil {
		t.Error("a journal that is in use was opened")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := ReadJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Block(v.Block)
	if err != nil || b.Hash() != v.Block {
		t.Errorf("block %v, %v", b, err)
	}
	if err := r.Record(b, time.Now(), Finder{}); err == nil {
		t.Error("a journal opened for reading was written to")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if open := newJournal(t, path).Open(); len(open) != 1 || open[0].ID != v.Block {
		t.Errorf("%d watched after a start, expected one", len(open))
	}
	if _, err := ReadJournal(path + ".none"); err == nil {
		t.Error("a journal that does not exist was opened")
	}
}

// TestResubmit brings a block of the journal in again.
func TestResubmit(t *testing.T) {
	c := newFakeChain()
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	s := newJournaled(t, c, j)
	c.outcome = func(*types.Block) (Outcome, error) { return 0, ErrRejected }
	sol := solve(t, testJob(t, c), true)
	if _, err := s.Submit(t.Context(), sol); err == nil {
		t.Fatal("not refused")
	}
	c.outcome = nil
	id := bc.NewHash(sol.Job.HeaderHash(sol.Timestamp, sol.Nonce))
	v, err := s.Resubmit(t.Context(), id)
	if err != nil || v.Outcome != MainChain || len(c.blocks()) != 1 {
		t.Fatalf("%+v, %v", v, err)
	}
	f, _, err := j.Fate(id)
	if want := []FateState{StateFound, StateJournaled, StateSubmitted, StateRefused, StateSubmitted, StateMain}; err != nil || !slices.Equal(states(f), want) || f.Settled {
		t.Errorf("%v settled %v, %v", states(f), f.Settled, err)
	}
	if _, err := s.Resubmit(t.Context(), bc.Hash{V0: 1}); err == nil {
		t.Error("a block that is not in the journal was submitted")
	}
}

// TestWholeBlocksAreJournaledToo submits blocks as pools do.
func TestWholeBlocksAreJournaledToo(t *testing.T) {
	c := newFakeChain()
	j := newJournal(t, filepath.Join(t.TempDir(), "j.db"))
	s := newJournaled(t, c, j)
	var mu sync.Mutex
	var relayed []bc.Hash
	s.cfg.Relay = func(b *types.Block) { mu.Lock(); relayed = append(relayed, b.Hash()); mu.Unlock() }
	block := func(sol Solution) *types.Block {
		b, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	job := testJob(t, c)
	bad := map[string]*types.Block{
		"high-hash":       block(solve(t, job, false)),
		"malformed block": {BlockHeader: job.Header(2000, 1)},
	}
	for _, field := range []struct {
		reason string
		change func(*types.Block)
	}{
		{"bad-version", func(b *types.Block) { b.Version = 2 }},
		{"bad-height", func(b *types.Block) { b.Height++ }},
		{"bad-diffbits", func(b *types.Block) { b.Bits++ }},
		{"time-too-old", func(b *types.Block) { b.Timestamp = 1000 }},
		{"time-too-new", func(b *types.Block) { b.Timestamp = 5000 + 3601 }},
		{"bad-nonce-range", func(b *types.Block) { b.Nonce = 1 << 63 }},
	} {
		b := block(solve(t, job, true))
		field.change(b)
		bad[field.reason] = b
	}
	for reason, b := range bad {
		if _, err := s.SubmitBlock(t.Context(), b, Finder{}); err == nil || !isKind(err, ErrorKind(reason)) {
			t.Errorf("error %v, expected %s", err, reason)
		}
	}
	if len(j.Open()) != 0 || len(relayed) != 0 {
		t.Fatal("a block without a proof was written down or relayed")
	}
	good := block(solve(t, job, true))
	v, err := s.SubmitBlock(t.Context(), good, Finder{})
	if err != nil || v.Outcome != MainChain || len(j.Open()) != 1 || !slices.Equal(relayed, []bc.Hash{good.Hash()}) {
		t.Fatalf("%+v, %v; %d in the journal, relayed %d", v, err, len(j.Open()), len(relayed))
	}
	if v, err := s.SubmitBlock(t.Context(), good, Finder{}); err != nil || v.Outcome != Duplicate || len(relayed) != 1 {
		t.Errorf("again: %+v, %v", v, err)
	}
}

// TestABlockThatWentTwoWays: where two ways lead to a chain, and the answer of the slower one comes
// first, a block that is new here was taken all the same.
func TestABlockThatWentTwoWays(t *testing.T) {
	for main, want := range map[bool]Outcome{true: MainChain, false: SideChain} {
		c := newFakeChain()
		s := newJournaled(t, c, newJournal(t, filepath.Join(t.TempDir(), "j.db")))
		sol := solve(t, testJob(t, c), true)
		c.outcome = func(*types.Block) (Outcome, error) {
			c.place = func(bc.Hash, uint64) Place { return Place{Known: true, Main: main, There: bc.Hash{V0: 7}} }
			return Duplicate, nil
		}
		for _, want := range []Outcome{want, Duplicate} {
			if v, err := s.Submit(t.Context(), sol); err != nil || v.Outcome != want {
				t.Errorf("on the best chain %v: %+v, %v, expected %v", main, v, err, want)
			}
		}
	}
}

// TestWhatIsLoggedOfALifeIsTrue: a block that was never on the best chain has not left it, nor is it back there.
func TestWhatIsLoggedOfALifeIsTrue(t *testing.T) {
	id, rival := bc.Hash{V0: 1}, bc.Hash{V0: 7}
	on, off := Place{Known: true, Main: true, There: id, Best: 10}, Place{Known: true, There: rival, Best: 20}
	for _, test := range []struct {
		before []FateState
		at     Place
		want   string
	}{
		{nil, off, "own block lost the race"},
		{[]FateState{StateRefused}, off, "own block lost the race"},
		{[]FateState{StateMain}, off, "own block left the best chain"},
		{nil, on, "own block is on the best chain"},
		{[]FateState{StateLost}, on, "own block is on the best chain"},
		{[]FateState{StateMain, StateLost}, on, "own block is back on the best chain"},
	} {
		var log strings.Builder
		w := NewFateWatcher(FateWatcherConfig{Log: slog.New(slog.NewTextHandler(&log, nil))})
		f := Fate{ID: id, Height: 10}
		for _, state := range test.before {
			f.Events = append(f.Events, Event{State: state})
		}
		events, _ := f.next(test.at, time.Now())
		w.report(f, events[0])
		if !strings.Contains(log.String(), `msg="`+test.want+`"`) {
			t.Errorf("after %v, at %+v: %s, expected %q", test.before, test.at, log.String(), test.want)
		}
	}
}

package payout

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/ledger"
)

// TestNewBooksPayNothingTwice: shares of before the books, of other books whose policies had
// the same numbers, are not bought again.
func TestNewBooksPayNothingTwice(t *testing.T) {
	t.Parallel()
	p := newPool(t)
	for range 5 {
		p.share("A", quarter, 1)
	}
	p.now = p.now.Add(time.Minute)
	_, err := p.books.SetPolicy(Policy{Scheme: PPS, Reserve: 1})
	must(t, err)
	p.share("A", quarter, 1)
	p.step()
	balances(t, p.books, map[string]int64{Payable("A"): -reward / 4})
}

// TestNewBooksSplitNoOldBlock: books are lost, and the log of shares and the journal are not.
// Blocks that the lost ones split are not split again, whether their share is logged or not,
// what came before counts in no window, and the operator is told.
func TestNewBooksSplitNoOldBlock(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: Solo})
	for range 4 {
		p.share("A", quarter, 1)
	}
	old := []*types.Block{p.found(true), p.found(false)}
	p.step()
	p.manifest(old[0])
	must(t, p.books.Close())
	p.open(pathIn(t))
	p.now = p.now.Add(time.Hour)
	p.books.now = func() time.Time { return p.now }
	_, err := p.books.SetPolicy(Policy{Scheme: PPLNS, WindowMilli: 2000})
	must(t, err)
	p.step()
	for i, why := range []string{ofFormers, whileOff} {
		if _, ok, got, err := p.books.Explain(old[i].Hash()); ok || got != why || err != nil {
			t.Errorf("block %d of the lost books: split %v, %q, %v", i, ok, got, err)
		}
	}
	if from, err := p.books.KeepFrom("one"); from != 4 || err != nil {
		t.Errorf("shares from %d on are kept, %v, expected 4", from, err)
	}
	p.share("B", quarter, 1)
	b := p.found(true)
	p.step()
	expectAmounts(t, p.amounts(b), map[string]uint64{"B": reward})
	if r := p.verified(); r.Verified != 1 {
		t.Errorf("verified %+v, expected one block", r)
	}
	notes, err := p.books.Notes()
	if err != nil || len(notes) != 1 || !strings.Contains(notes[0].Text, "begin at share 4 of the log") {
		t.Errorf("notes %+v, %v", notes, err)
	}
}

// TestALogThatComesBackIsBoughtOnce: the log of shares is set aside, and put back later.
func TestALogThatComesBackIsBoughtOnce(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPS, Reserve: 1})
	first, second := p.log, newLog("two")
	shares := int64(0)
	for _, log := range []*fakeLog{first, second, first, second} {
		p.log, p.settler.shares = log, log
		for range 4 {
			p.share("A", quarter, 1)
		}
		p.step()
		shares += 4
		balances(t, p.books, map[string]int64{Payable("A"): -reward / 4 * shares})
	}
	p.log = newLog("of the time before, with policies of other books")
	p.now = p.now.Add(-1000 * time.Hour)
	p.share("A", quarter, 1)
	p.now, p.settler.shares = p.now.Add(1000*time.Hour), p.log
	p.step()
	balances(t, p.books, map[string]int64{Payable("A"): -reward / 4 * shares})
}

// TestAKillTakesNoShareThatIsFolded: shares that come while a pass writes the log are not in it
// after a kill, when others get their numbers. No other log is suspected then.
func TestAKillTakesNoShareThatIsFolded(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPS, Reserve: 1})
	p.share("A", quarter, 1)
	written := 0
	p.log.flushing = func() {
		written = len(p.log.shares)
		p.share("A", quarter, 1)
	}
	p.step()
	p.log.shares, p.log.flushing = p.log.shares[:written], func() {} // The kill.
	p.step()
	p.share("B", quarter, 1)
	p.step()
	balances(t, p.books, map[string]int64{Payable("A"): -reward / 4, Payable("B"): -reward / 4})
	if notes, err := p.books.Notes(); len(notes) != 0 || err != nil {
		t.Errorf("notes %+v, %v, expected none", notes, err)
	}
}

// TestAnOlderCopyOfTheLogIsNoticed, and its new shares count all the same.
func TestAnOlderCopyOfTheLogIsNoticed(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPS, Reserve: 1})
	for range 4 {
		p.share("A", quarter, 1)
	}
	p.step()
	p.log.shares = p.log.shares[:2]
	p.step()
	p.share("A", quarter, 1)
	p.step()
	balances(t, p.books, map[string]int64{Payable("A"): -reward / 4 * 5})
	notes, err := p.books.Notes()
	if err != nil || len(notes) != 1 || !strings.Contains(notes[0].Text, "ends at 2, and shares up to 4 were in it") {
		t.Errorf("notes %+v, %v", notes, err)
	}
}

// TestSettledFromTheRigsLedger has the real log of shares: what it keeps is enough to split a
// block and to verify it, after a restart too, and no more is kept.
func TestSettledFromTheRigsLedger(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 2000})
	path := filepath.Join(t.TempDir(), "rigs.db")
	l := ledger.Open(ledger.Config{Path: path})
	l.SetPolicy(1)
	p.settler = NewSettler(p.books, FromLedger(l), p.chain, func() ([]Candidate, error) { return p.candidates, nil })
	owners := strings.Fields("A A B A C B A B A C")
	b := p.chain.mine(program(1))
	hash := b.Hash()
	for i, owner := range owners {
		p.now = p.now.Add(time.Second)
		e := ledger.Entry{At: p.now, Rig: "rig." + owner, Kind: ledger.Accepted, Effective: 1, Network: 4, Work: quarter, Owner: owner}
		if i == len(owners)-1 {
			e.Solved, e.Block, e.Height = hash.String(), hash.String(), b.Height
		}
		l.Add(e)
	}
	p.candidates = []Candidate{{Hash: hash, Height: b.Height, At: p.now, Finder: "rig.C", Owner: "C", Work: quarter}}
	p.step()
	expectAmounts(t, p.amounts(b), map[string]uint64{"A": 18_046_875_000, "B": 15_468_750_000, "C": 7_734_375_000})
	if m := p.manifest(b); m.Virtual {
		t.Error("the share that made the block was not found")
	}
	must(t, l.Close())
	l = ledger.Open(ledger.Config{Path: path})
	defer func() { must(t, l.Close()) }()
	r, err := p.books.Verify(t.Context(), FromLedger(l), p.chain)
	if err != nil || r.Verified != 1 || len(r.Problems) != 0 {
		t.Errorf("verified %+v, %v, expected one block", r, err)
	}
	if from, err := p.books.KeepFrom(l.ID()); err != nil || from != p.manifest(b).First {
		t.Errorf("kept from %d on, %v, expected the window's start at %d", from, err, p.manifest(b).First)
	}
}

package payout

import (
	"log/slog"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/payout/scheme"
)

const quarter = 1 << 62

func expectAmounts(t *testing.T, got, want map[string]uint64) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("owners get %v, expected %v", got, want)
	}
}

// TestPPLNSExample is the worked example of the docs, its shares in the log, and its winner
// too or, where a kill took that, by what the journal has of it.
func TestPPLNSExample(t *testing.T) {
	t.Parallel()
	for _, logged := range []bool{true, false} {
		p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 2000})
		owners := strings.Fields("A A B A C B A B A C")
		for _, owner := range owners[:9] {
			p.share(owner, quarter, 1)
		}
		p.share(owners[9], quarter, 1)
		b := p.found(logged)
		if !logged { // It was not written; others were since.
			p.log.shares = p.log.shares[:9]
			p.now = p.now.Add(time.Minute)
			p.share("A", quarter, 1)
		}
		p.step()
		expectAmounts(t, p.amounts(b), map[string]uint64{"A": 18_046_875_000, "B": 15_468_750_000, "C": 7_734_375_000})
		m := p.manifest(b)
		if !m.Full || m.Virtual == logged || m.Winner != "C" || m.First != 1 || m.Fee != 0 {
			t.Errorf("logged: %v: manifest %+v, expected a full window from share 1 on, won by C", logged, m)
		}
		if r := p.verified(); r.Verified != 1 {
			t.Errorf("verified %+v, expected one block", r)
		}
		e, ok, why, err := p.books.Explain(b.Hash())
		if err != nil || !ok || why != "" || len(e.Reasons) != 3 || e.Reasons[0].Exact != "18046875000.000000000" || e.Stage != "provisional" {
			t.Errorf("explained by %+v, %v, %q, %v", e.Reasons, ok, why, err)
		}
	}
}

// TestDGMExample is the one of the docs: D = 10, c = o = ½.
func TestDGMExample(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: DGM, CMillionths: 500_000, OMillionths: 500_000})
	const tenth = (1<<64 - 1) / 10
	p.share("A", tenth, 1)
	p.step() // In the background: it changes nothing.
	p.share("B", tenth, 1)
	p.share("A", tenth, 1)
	b := p.found(true)
	p.share("C", tenth, 1)
	p.step()
	expectAmounts(t, p.amounts(b), map[string]uint64{"A": 3_745_950_761, "B": 1_870_748_299})
	p.share("C", tenth, 1)
	second := p.found(true)
	p.step()
	if m := p.manifest(second); m.First != 3 || m.Last != 4 || m.Rest == 0 || len(m.Parts) != 3 {
		t.Errorf("the second block's manifest is %+v, expected shares 3 to 4 and three owners", m)
	}
	if r := p.verified(); r.Verified != 2 || len(r.Gone) != 0 {
		t.Errorf("verified %+v, expected two blocks", r)
	}
}

// TestPPSIsBookedWhateverBecomesOfBlocks: at once, whole neu, fractions kept.
func TestPPSIsBookedWhateverBecomesOfBlocks(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPS, FeeBP: 500, Reserve: 1})
	for range 3 {
		p.share("A", quarter, 1)
	}
	p.share("", quarter, 1) // The operator's own.
	p.step()
	credit := int64(reward) * 95 / 400 * 3
	balances(t, p.books, map[string]int64{Payable("A"): -credit, Reserve: credit})
	p.share("A", 1, 1) // 2⁻⁶⁴ blocks: less than a neu.
	b := p.found(true)
	p.step()
	balances(t, p.books, map[string]int64{Payable("A"): -credit, Reserve: credit - reward, Immature: reward})
	p.chain.rewind(1)
	grow(p.chain, 1)
	p.step()
	balances(t, p.books, map[string]int64{Payable("A"): -credit, Reserve: credit, Immature: 0})
	_ = b
	s, err := p.books.Status(0)
	if err != nil || s.Uncovered != credit || s.Ruin == nil || s.Blocks["reversed"] != 1 {
		t.Errorf("status %+v, %v, expected %d uncovered and a probability of ruin", s, err, credit)
	}
	p.verified()
}

// TestSplitsAreToldOnceAMinute, but for those with a note.
func TestSplitsAreToldOnceAMinute(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 2000})
	log := new(strings.Builder)
	p.settler.log = slog.New(slog.NewTextHandler(log, nil))
	lines := func(want int) {
		t.Helper()
		p.step()
		if got := strings.Count(log.String(), "a block is split"); got != want {
			t.Errorf("%d lines, expected %d:\n%s", got, want, log)
		}
	}
	for range 5 {
		p.share("A", quarter, 1)
		p.found(true)
	}
	lines(1)
	p.log.shares = nil // Who found it has all of it, which is noted.
	p.candidates = append(p.candidates, Candidate{Hash: p.chain.mine(program(1)).Hash(), Height: 6, At: p.now, Finder: "rig", Owner: "A", Work: 1})
	lines(2)
	p.settler.told = time.Now().Add(-tellEvery)
	p.share("A", quarter, 1)
	p.found(true)
	lines(3)
}

// TestBlocksByDGMVerifyUntilTheyArePaid: as many as keep their shares in the log.
func TestBlocksByDGMVerifyUntilTheyArePaid(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: DGM, CMillionths: 20_000, OMillionths: 995_000})
	p.books.db.Bolt().NoSync = true
	const found = mostKept + 20
	for range found {
		p.share("A", quarter, 1)
		p.share("B", quarter, 1)
		p.found(true)
	}
	p.step()
	// The first of all begins with nothing.
	if r := p.verified(); r.Verified < mostKept+1 || r.Verified+len(r.Gone) != found {
		t.Errorf("%d verified and %d gone, expected the latest %d verified", r.Verified, len(r.Gone), mostKept)
	}
}

// higherChain is a chain that says that it is at a height.
type higherChain struct {
	*fakeChain
	height uint64
}

func (c *higherChain) Best() (uint64, bc.Hash) { return c.height, bc.Hash{} }

// TestSharesAreBoughtByTheSubsidyOfTheirTime, though the next fold is in an hour and the subsidy
// is halved before.
func TestSharesAreBoughtByTheSubsidyOfTheirTime(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPS, Reserve: 1})
	chain := &higherChain{p.chain, 839_998}
	p.settler.chain = chain
	step := func() {
		_, err := p.settler.Step()
		must(t, err)
	}
	step()
	p.share("A", quarter, 1)
	step()
	chain.height++
	p.share("A", quarter, 1)
	step()
	balances(t, p.books, map[string]int64{Payable("A"): -reward / 2})
	p.share("A", quarter, 1)
	p.settler.folded = time.Time{}
	step()
	balances(t, p.books, map[string]int64{Payable("A"): -reward/2 - reward/8})
}

// TestRuinGoesByTheSubsidyOfNow, which is halved each 840,000 blocks.
func TestRuinGoesByTheSubsidyOfNow(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPS, FeeBP: 500, Reserve: 10 * reward})
	for height, blocks := range map[uint64]float64{0: 10, 839_998: 10, 839_999: 20, 1_680_000: 40} {
		s, err := p.books.Status(height)
		if want := scheme.RuinProbability(blocks, 0.05); err != nil || s.Ruin == nil || math.Abs(*s.Ruin-want) > 1e-9 {
			t.Errorf("at height %d: %v, %v, expected %v", height, *s.Ruin, err, want)
		}
	}
}

// TestABlockOfWhilePayoutsWereOffIsTheOperators, though its share is not logged, and the last
// that is has a policy.
func TestABlockOfWhilePayoutsWereOffIsTheOperators(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 2000})
	p.share("A", quarter, 1)
	b := p.found(false)
	p.candidates[0].Owner, p.candidates[0].Work = "", 0
	p.step()
	if _, ok, why, err := p.books.Explain(b.Hash()); ok || why != whileOff || err != nil {
		t.Errorf("split %v, %q, %v", ok, why, err)
	}
}

// TestALostBlockOfAClockAheadHoldsNothingBack: shares behind it are bought all the same.
func TestALostBlockOfAClockAheadHoldsNothingBack(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPS, Reserve: 1})
	p.share("A", quarter, 1)
	p.found(true)
	p.candidates[0].At = time.Now().Add(1000 * time.Hour)
	p.chain.rewind(1)
	p.share("A", quarter, 1)
	p.step()
	balances(t, p.books, map[string]int64{Payable("A"): -reward / 2})
}

// TestTheSchemeBelongsToTheShare: a block is split by that of the share that made it.
func TestTheSchemeBelongsToTheShare(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 1000}, Policy{Scheme: Solo, FeeBP: 100})
	p.share("A", 1<<63, 1)
	p.share("B", 1<<62, 2)
	solo := p.found(true)
	p.share("C", 1<<62, 1)
	pplns := p.found(true)
	p.share("D", 1<<62, 0)
	none := p.found(true)
	p.step()
	expectAmounts(t, p.amounts(solo), map[string]uint64{"B": reward / 100 * 99})
	expectAmounts(t, p.amounts(pplns), map[string]uint64{"A": reward / 5 * 4, "C": reward / 5}) // The winner counts half.
	if m := p.manifest(pplns); m.Full {
		t.Error("the window of three quarters is full")
	}
	if m, err := p.books.Manifest(none.Hash()); m != nil || err != nil {
		t.Errorf("a share without a policy has manifest %+v, %v", m, err)
	}
	if _, ok, why, err := p.books.Explain(none.Hash()); ok || err != nil || !strings.Contains(why, "payouts were off") {
		t.Errorf("explained by %q, %v, %v", why, ok, err)
	}
	p.verified()
}

// TestABlockOfASideChainIsSplitWhenItWins, and one without a share in the log goes to who
// found it.
func TestABlockOfASideChainIsSplitWhenItWins(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 1000})
	p.share("A", quarter, 1)
	b := p.found(true)
	off := p.chain.rewind(1)
	grow(p.chain, 1)
	p.step()
	if m, err := p.books.Manifest(b.Hash()); m != nil || err != nil {
		t.Fatalf("a block off the main chain has manifest %+v, %v", m, err)
	}
	p.share("B", quarter, 1)
	p.chain.rewind(1)
	p.chain.back(off)
	p.step()
	expectAmounts(t, p.amounts(b), map[string]uint64{"A": reward})

	p.share("C", quarter, 1)
	lone := p.found(false)
	p.log.shares, p.log.first = nil, 0
	p.step()
	expectAmounts(t, p.amounts(lone), map[string]uint64{"C": reward})
	if m := p.manifest(lone); !strings.Contains(m.Note, "no share of its window is logged") {
		t.Errorf("its note is %q", m.Note)
	}
}

// TestAFreshBlockWaitsForItsShare: for ten seconds of this process, whatever the clock says.
func TestAFreshBlockWaitsForItsShare(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: Solo})
	p.now = time.Now().Add(24 * time.Hour) // The clock was set back since.
	p.share("A", quarter, 1)
	b := p.found(false)
	again, err := p.settler.Step()
	if m, _ := p.books.Manifest(b.Hash()); err != nil || m != nil || again <= 0 || again > winnerWait {
		t.Errorf("manifest %+v, again in %s, %v, expected to wait", m, again, err)
	}
	p.settler.waits[b.Hash()] = time.Now().Add(-winnerWait)
	p.step()
	expectAmounts(t, p.amounts(b), map[string]uint64{"A": reward})
}

// TestAnotherLogLeavesDebts: what can't be settled any more is said.
func TestAnotherLogLeavesDebts(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: DGM, CMillionths: 500_000, OMillionths: 500_000})
	p.share("A", quarter, 1)
	p.share("B", quarter, 1)
	first := p.found(true)
	p.step()
	before := p.amounts(first)
	p.share("A", quarter, 1)
	p.step()
	*p.log = *newLog("two")
	p.share("C", quarter, 1)
	b := p.found(true)
	p.step()
	expectAmounts(t, p.amounts(first), before)
	notes, err := p.books.Notes()
	if err != nil || len(notes) != 1 || !strings.Contains(notes[0].Text, "the shares from 3 on") {
		t.Errorf("notes %+v, %v, expected one that shares from 3 on are lost", notes, err)
	}
	if m := p.manifest(b); !m.Gap || len(m.Parts) != 3 || m.Ledger != "two" {
		t.Errorf("manifest %+v, expected a gap, and scores of A, B and C", m)
	}
	if r := p.verified(); r.Verified != 0 || len(r.Gone) != 2 {
		t.Errorf("verified %+v, expected the shares of two blocks to be gone", r)
	}
}

// TestABlockIsSplitOnce, whatever asks for it.
func TestABlockIsSplitOnce(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: Solo})
	p.share("A", quarter, 1)
	b := p.found(true)
	p.step()
	again := *p.manifest(b)
	err := p.books.update("settle", func(w *writer) error { return w.settle(&again) })
	if err == nil || !strings.Contains(err.Error(), "is settled already") {
		t.Errorf("split again: %v", err)
	}
	balances(t, p.books, map[string]int64{Provisional("A"): -reward})
}

// TestEachShareReachesByItsOwnX: what no block can pay any more is not counted, though older
// shares with a longer window are; and once no such share is left none is looked for.
func TestEachShareReachesByItsOwnX(t *testing.T) {
	t.Parallel()
	p := newPool(t, Policy{Scheme: PPLNS, WindowMilli: 4000}, Policy{Scheme: PPLNS, WindowMilli: 500})
	for range 6 {
		p.share("A", quarter, 1)
	}
	for range 4 {
		p.share("B", quarter, 2)
	}
	first := p.found(true)
	p.step()
	m := p.manifest(first)
	// B's of half a block and the winner count, and all of A's.
	if len(m.Parts) != 2 || m.Parts[0].Shares != 6 || m.Parts[1].Shares != 3 || m.Full || m.Oldest != 1 {
		t.Errorf("manifest %+v, expected 6 shares of A and 3 of B in a window that is not full", m)
	}
	for range 20 {
		p.share("B", quarter, 2)
	}
	second := p.found(true)
	p.share("B", quarter, 2)
	third := p.found(true)
	p.step()
	if m := p.manifest(second); !m.Full || m.Oldest != 2 || len(m.Terms) != 2 || len(m.Parts) != 1 {
		t.Errorf("manifest %+v, expected a full window of B's shares, and two policies", m)
	}
	if m := p.manifest(third); !m.Full || len(m.Terms) != 1 || m.Terms[0] != 2 {
		t.Errorf("manifest %+v, expected the second policy alone", m)
	}
	if r := p.verified(); r.Verified != 3 {
		t.Errorf("verified %+v, expected three blocks", r)
	}
}

package node

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/bytom/bytom/database/storage"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

func newTestOverrides(t testing.TB) *overrides {
	t.Helper()
	o, err := openOverrides(filepath.Join(t.TempDir(), "mining", "overrides.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

func TestOverridesOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mining", "overrides.db")
	o, err := openOverrides(path)
	if err != nil {
		t.Fatal(err)
	}
	one, two, three := bc.Hash{V0: 1}, bc.Hash{V0: 2}, bc.Hash{V0: 3}
	prioritise := func(id bc.Hash, delta, want int64) {
		t.Helper()
		if _, got, err := o.prioritise(id, delta); err != nil || got != want {
			t.Errorf("the sum is %d, error %v, expected %d", got, err, want)
		}
	}
	exclude := func(id bc.Hash, on bool) {
		t.Helper()
		if _, err := o.exclude(id, on); err != nil {
			t.Error(err)
		}
	}
	prioritise(one, 100, 100)
	prioritise(one, -300, -200)
	prioritise(two, 5, 5)
	exclude(two, true)
	prioritise(two, 0, 0)
	prioritise(three, 7, 7)
	exclude(three, true)
	exclude(three, false)
	prioritise(three, -7, 0)
	want := []overridden{{one, override{Delta: -200}}, {two, override{Excluded: true}}}
	for _, when := range []string{"before", "after"} {
		if got := o.list(); !slices.Equal(got, want) {
			t.Errorf("%s the restart: %+v, expected %+v", when, got, want)
		}
		if got := o.of(one); got.Delta != -200 {
			t.Errorf("%s the restart: %+v", when, got)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if o, err = openOverrides(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

func TestOverridesHaveBounds(t *testing.T) {
	o := newTestOverrides(t)
	id := bc.Hash{V0: 1}
	for _, delta := range []int64{math.MaxInt64, math.MinInt64, maxDelta + 1, -maxDelta - 1} {
		if _, _, err := o.prioritise(id, delta); err == nil {
			t.Errorf("a delta of %d is taken", delta)
		}
	}
	if _, _, err := o.prioritise(id, maxDelta); err != nil {
		t.Error(err)
	}
	for _, delta := range []int64{1, math.MaxInt64} {
		if _, _, err := o.prioritise(id, delta); err == nil {
			t.Errorf("a sum of %d and %d is taken", int64(maxDelta), delta)
		}
	}
	if got := o.of(id).Delta; got != maxDelta {
		t.Errorf("the delta is %d after refusals, was %d", got, int64(maxDelta))
	}
	for i := range maxOverrides {
		o.byID[bc.Hash{V1: uint64(i)}] = override{Excluded: true}
	}
	if _, err := o.exclude(bc.Hash{V2: 1}, true); err == nil {
		t.Error("one too many is taken")
	}
	if _, _, err := o.prioritise(id, 0); err != nil {
		t.Errorf("one can't be taken back when there are many: %v", err)
	}
}

// TestAFailedWriteChangesNothing writes to a closed file.
func TestAFailedWriteChangesNothing(t *testing.T) {
	o := newTestOverrides(t)
	id := bc.Hash{V0: 1}
	if _, _, err := o.prioritise(id, 1); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.prioritise(id, 1); err == nil {
		t.Error("no error")
	}
	if _, err := o.exclude(id, true); err == nil {
		t.Error("no error")
	}
	if got := o.of(id); got != (override{Delta: 1}) {
		t.Errorf("the override is %+v after writes that failed", got)
	}
}

func TestADamagedFileIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "overrides.db")
	if err := os.WriteFile(path, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	if o, err := openOverrides(path); err == nil {
		t.Error("it opens")
		_ = o.Close()
	}
}

// TestOverridesFromManySides adds and reads at the same time.
func TestOverridesFromManySides(t *testing.T) {
	o := newTestOverrides(t)
	f := newQuickFixture(t)
	f.chain.selector.overrides = o
	tx := spendTx(bc.Hash{V0: 1}, 1e9)
	f.fund(t, false, tx)
	f.poolAdd(t, tx)
	const sides, each = 8, 10
	var all sync.WaitGroup
	for side := range sides {
		all.Go(func() {
			own := bc.Hash{V0: uint64(side), V1: 1}
			for range each {
				if _, _, err := o.prioritise(tx.ID, 1); err != nil {
					t.Error(err)
				}
				if _, err := o.exclude(own, true); err != nil {
					t.Error(err)
				}
				if _, err := f.chain.Select(t.Context(), f.chain.Tip()); err != nil {
					t.Error(err)
				}
				f.chain.selector.overrideReports()
			}
		})
	}
	all.Wait()
	if got := o.of(tx.ID).Delta; got != sides*each {
		t.Errorf("the sum is %d, expected %d", got, sides*each)
	}
	if n := len(o.list()); n != sides+1 {
		t.Errorf("%d overrides, expected %d", n, sides+1)
	}
}

func TestNoOverridesAreNone(t *testing.T) {
	var o *overrides
	if got := o.of(bc.Hash{}); got != (override{}) {
		t.Errorf("%+v", got)
	}
	if got := o.list(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// TestSelectionObeysTheOperator has a block with room for two of three, which pay
// alike, and a child.
func TestSelectionObeysTheOperator(t *testing.T) {
	f := newQuickFixture(t)
	s := f.chain.selector
	s.overrides = newTestOverrides(t)
	first, second, third := spendTx(bc.Hash{V0: 1}, 1e9), spendTx(bc.Hash{V0: 2}, 1e9), spendTx(bc.Hash{V0: 3}, 1e9)
	son := child(first)
	names := map[bc.Hash]string{first.ID: "first", second.ID: "second", third.ID: "third", son.ID: "son"}
	f.fund(t, false, first, second, third)
	f.poolAdd(t, first, second, third, son)
	gas := validate(first, types.MapBlock(f.block(t, 0))).Gas
	expect := func(want ...string) {
		t.Helper()
		chosen, err := f.chain.Select(t.Context(), f.chain.Tip())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range chosen {
			got = append(got, names[c.Tx.ID])
			if c.Fee != testFee {
				t.Errorf("%s pays %d, expected the real fee, %d", names[c.Tx.ID], c.Fee, testFee)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("chosen %v, expected %v", got, want)
		}
	}
	prioritise := func(id bc.Hash, delta int64) {
		t.Helper()
		if _, _, err := s.overrides.prioritise(id, delta); err != nil {
			t.Error(err)
		}
	}
	exclude := func(id bc.Hash, on bool) {
		t.Helper()
		if _, err := s.overrides.exclude(id, on); err != nil {
			t.Error(err)
		}
	}
	s.limit.gas = 2 * gas
	expect("first", "second")
	prioritise(third.ID, 2)
	prioritise(second.ID, 1)
	expect("third", "second")
	prioritise(son.ID, 1000)
	expect("first", "son")
	exclude(first.ID, true)
	expect("third", "second")
	s.limit.gas = 10 * gas
	expect("third", "second")
	if got, _ := s.explain(son.ID); got.Fate != fateExcluded || got.Delta != 1000 || got.Reason == nil {
		t.Errorf("the son of an excluded one: %+v", got)
	}
	exclude(first.ID, false)
	prioritise(son.ID, 0)
	prioritise(first.ID, -testFee)
	expect("third", "second", "first", "son")
}

// TestLeastFeeRate leaves out what pays too little, unless a child makes up for it
// or the operator wants it.
func TestLeastFeeRate(t *testing.T) {
	r := random()
	view := make(map[bc.Hash]*storage.UtxoEntry)
	poor, parent := testCandidate(r, bc.Hash{V0: 1}, 1e12), testCandidate(r, bc.Hash{V0: 2}, 1e12)
	rich := testCandidate(r, bc.Hash{V0: 3}, 1e12)
	rescuer, beggar := candidateOf(child(parent.Tx)), candidateOf(child(rich.Tx))
	all := []*candidate{poor, parent, rich, rescuer, beggar}
	for i, fee := range []uint64{9, 0, 40, 25, 9} {
		all[i].Fee, all[i].Gas, all[i].arrival = fee, 10, i
	}
	for _, c := range []*candidate{poor, parent, rich} {
		view[c.Tx.SpentOutputIDs[0]] = newEntry
	}
	relate(all)
	s := &selector{limit: limits{gas: 1000, bytes: 1e6, feeRate: 1}}
	expect := func(want ...*candidate) {
		t.Helper()
		b := s.best(all, view, 1)
		checkChoice(t, b, all)
		for i, c := range all {
			if b.in[c.slot] != slices.Contains(want, c) {
				t.Errorf("transaction %d: chosen %v", i, b.in[c.slot])
			}
			if v := b.judge(c, make(map[*candidate]verdict)); !b.in[c.slot] && v.Fate != fatePoor {
				t.Errorf("transaction %d: %s, expected %s", i, v.Fate, fatePoor)
			}
		}
	}
	expect(rich, parent, rescuer)
	s.limit.gas = 30 // Now the other orders are tried as well.
	expect(rich, parent, rescuer)
	s.limit.gas = 1000
	poor.Delta, beggar.Delta = 1, -3
	expect(rich, parent, rescuer, poor)
	rescuer.Delta = -10 // With its parent it comes to 15 for 20.
	expect(rich, poor)
	s.limit.feeRate = 0
	expect(all...)
}

// TestSummaryCountsEveryFate has one of each.
func TestSummaryCountsEveryFate(t *testing.T) {
	f := newQuickFixture(t)
	s := f.chain.selector
	s.overrides = newTestOverrides(t)
	if sum := s.summary(); sum.Counts[fateChosen] != 0 {
		t.Errorf("before the first choice: %+v", sum)
	}
	spend := func(n uint64) *types.Tx { return spendTx(bc.Hash{V0: n}, 1e9) }
	rival, immature, missing, excluded, poor, huge, invalid := spend(1), spend(2), spend(3), spend(4), spend(5), spend(6), spend(7)
	good := conflicting(rival) // It pays one more.
	poor.SerializedSize, poor.TxHeader.SerializedSize = 10_000, 10_000
	huge.SerializedSize, huge.TxHeader.SerializedSize = 1000, 1000
	invalid.TxHeader.Version = 2
	orphan := child(missing)
	all := map[fate][]*types.Tx{
		fateChosen: {good}, fateImmature: {immature}, fateMissing: {missing, orphan}, fateExcluded: {excluded}, fateSpent: {rival},
		fatePoor: {poor}, fateNoRoom: {huge}, fateInvalid: {invalid},
	}
	f.fund(t, false, good, missing, excluded, poor, huge, invalid)
	f.fund(t, true, immature)
	want := 0
	for _, txs := range all {
		f.poolAdd(t, txs...)
		want += len(txs)
	}
	// Gone since the pool took it.
	f.unfund(t, missing)
	if _, err := s.overrides.exclude(excluded.ID, true); err != nil {
		t.Fatal(err)
	}
	s.limit.gas, s.limit.feeRate = 900, 3000
	if _, err := f.chain.Select(t.Context(), f.chain.Tip()); err != nil {
		t.Fatal(err)
	}
	sum := s.summary()
	for fate, txs := range all {
		if sum.Counts[fate] != len(txs) {
			t.Errorf("%s: %d, expected %d", fate, sum.Counts[fate], len(txs))
		}
		for _, tx := range txs {
			if v, ok := s.explain(tx.ID); !ok || v.Fate != fate {
				t.Errorf("expected %s: %+v", fate, v)
			}
		}
	}
	v, _ := s.explain(good.ID)
	if v.Place != 1 || v.Fee != testFee+1 || v.Gas == 0 || sum.Fees != v.Fee || sum.Gas != v.Gas || sum.Height != 1 {
		t.Errorf("verdict %+v in %+v", v, sum)
	}
	if v, _ := s.explain(invalid.ID); !errors.Is(v.Reason, mining.ErrBadTx) {
		t.Errorf("the reason of an invalid one: %v", v.Reason)
	}
	if _, ok := s.explain(bc.Hash{}); ok {
		t.Error("a transaction that was never there is explained")
	}
	if _, err := s.overrides.exclude(orphan.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := f.chain.Select(t.Context(), f.chain.Tip()); err != nil {
		t.Fatal(err)
	}
	if v, _ := s.explain(orphan.ID); v.Fate != fateExcluded {
		t.Errorf("an excluded one whose parent is missing: %+v", v)
	}
	sum.Counts[fateChosen] = 77
	if got := s.summary().Counts[fateChosen]; got != 1 {
		t.Errorf("%d after a copy was changed", got)
	}
}

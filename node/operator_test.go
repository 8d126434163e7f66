package node

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestOverridesFromManySides adds and reads at the same time.
func TestOverridesFromManySides(t *testing.T) {
	o := newTestOverrides(t)
	f := newQuickFixture(t)
	f.chain.selector.overrides = o
	tx := spendTx(bc.Hash{V0: 1}, 1e9)
	f.Fund(t, false, tx)
	f.PoolAdd(t, tx)
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

// TestSelectionObeysTheOperator has a block with room for two of three, which pay
// alike, and a child.
func TestSelectionObeysTheOperator(t *testing.T) {
	f := newQuickFixture(t)
	s := f.chain.selector
	s.overrides = newTestOverrides(t)
	first, second, third := spendTx(bc.Hash{V0: 1}, 1e9), spendTx(bc.Hash{V0: 2}, 1e9), spendTx(bc.Hash{V0: 3}, 1e9)
	son := child(first)
	names := map[bc.Hash]string{first.ID: "first", second.ID: "second", third.ID: "third", son.ID: "son"}
	f.Fund(t, false, first, second, third)
	f.PoolAdd(t, first, second, third, son)
	gas := validate(first, types.MapBlock(f.Block(t, 0))).Gas
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
	f.Fund(t, false, good, missing, excluded, poor, huge, invalid)
	f.Fund(t, true, immature)
	want := 0
	for _, txs := range all {
		f.PoolAdd(t, txs...)
		want += len(txs)
	}
	// Gone since the pool took it.
	f.Unfund(t, missing)
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

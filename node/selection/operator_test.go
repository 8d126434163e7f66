package selection_test

import (
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

func openOverrides(t testing.TB) *selection.Overrides {
	t.Helper()
	o, err := selection.OpenOverrides(filepath.Join(t.TempDir(), "mining", "overrides.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	return o
}

// TestOverridesFromManySides adds and reads at the same time.
func TestOverridesFromManySides(t *testing.T) {
	o := openOverrides(t)
	f := chaintest.NewQuick(t)
	f.Selector.SetOverrides(o)
	tx := txtest.FreeTx(bc.Hash{V0: 1}, 1e9)
	f.Fund(t, false, tx)
	f.PoolAdd(t, tx)
	const sides, each = 8, 10
	var all sync.WaitGroup
	for side := range sides {
		all.Go(func() {
			own := bc.Hash{V0: uint64(side), V1: 1}
			for range each {
				if _, _, err := o.Prioritise(tx.ID, 1); err != nil {
					t.Error(err)
				}
				if _, err := o.Exclude(own, true); err != nil {
					t.Error(err)
				}
				if _, err := f.Chain.Select(t.Context(), f.Chain.Tip()); err != nil {
					t.Error(err)
				}
				f.Selector.OverrideReports()
			}
		})
	}
	all.Wait()
	if got := o.Of(tx.ID).Delta; got != sides*each {
		t.Errorf("the sum is %d, expected %d", got, sides*each)
	}
	if n := len(f.Selector.OverrideReports()); n != sides+1 {
		t.Errorf("%d overrides, expected %d", n, sides+1)
	}
}

// TestSelectionObeysTheOperator has a block with room for two of three, which pay
// alike, and a child.
func TestSelectionObeysTheOperator(t *testing.T) {
	f := chaintest.NewQuick(t)
	s := f.Selector
	o := openOverrides(t)
	s.SetOverrides(o)
	first, second, third := txtest.FreeTx(bc.Hash{V0: 1}, 1e9), txtest.FreeTx(bc.Hash{V0: 2}, 1e9), txtest.FreeTx(bc.Hash{V0: 3}, 1e9)
	son := txtest.FreeSpendOf(first)
	names := map[bc.Hash]string{first.ID: "first", second.ID: "second", third.ID: "third", son.ID: "son"}
	f.Fund(t, false, first, second, third)
	f.PoolAdd(t, first, second, third, son)
	gas := selection.Validate(first, types.MapBlock(f.Block(t, 0))).Gas
	expect := func(want ...string) {
		t.Helper()
		chosen, err := f.Chain.Select(t.Context(), f.Chain.Tip())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range chosen {
			got = append(got, names[c.Tx.ID])
			if c.Fee != txtest.Fee {
				t.Errorf("%s pays %d, expected the real fee, %d", names[c.Tx.ID], c.Fee, txtest.Fee)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("chosen %v, expected %v", got, want)
		}
	}
	prioritise := func(id bc.Hash, delta int64) {
		t.Helper()
		if _, _, err := o.Prioritise(id, delta); err != nil {
			t.Error(err)
		}
	}
	exclude := func(id bc.Hash, on bool) {
		t.Helper()
		if _, err := o.Exclude(id, on); err != nil {
			t.Error(err)
		}
	}
	s.SetMaxGas(2 * gas)
	expect("first", "second")
	prioritise(third.ID, 2)
	prioritise(second.ID, 1)
	expect("third", "second")
	prioritise(son.ID, 1000)
	expect("first", "son")
	exclude(first.ID, true)
	expect("third", "second")
	s.SetMaxGas(10 * gas)
	expect("third", "second")
	if got, _ := s.Explain(son.ID); got.Fate != selection.Excluded || got.Delta != 1000 || got.Reason == nil {
		t.Errorf("the son of an excluded one: %+v", got)
	}
	exclude(first.ID, false)
	prioritise(son.ID, 0)
	prioritise(first.ID, -txtest.Fee)
	expect("third", "second", "first", "son")
}

// TestSummaryCountsEveryFate has one of each.
func TestSummaryCountsEveryFate(t *testing.T) {
	f := chaintest.NewQuick(t)
	s := f.Selector
	o := openOverrides(t)
	s.SetOverrides(o)
	if sum := s.Summary(); sum.Counts[selection.Chosen] != 0 {
		t.Errorf("before the first choice: %+v", sum)
	}
	spend := func(n uint64) *types.Tx { return txtest.FreeTx(bc.Hash{V0: n}, 1e9) }
	rival, immature, missing, excluded, poor, huge, invalid := spend(1), spend(2), spend(3), spend(4), spend(5), spend(6), spend(7)
	good := txtest.Conflicting(rival) // It pays one more.
	poor.SerializedSize, poor.TxHeader.SerializedSize = 10_000, 10_000
	huge.SerializedSize, huge.TxHeader.SerializedSize = 1000, 1000
	invalid.TxHeader.Version = 2
	orphan := txtest.FreeSpendOf(missing)
	all := map[selection.Fate][]*types.Tx{
		selection.Chosen: {good}, selection.Immature: {immature}, selection.Missing: {missing, orphan}, selection.Excluded: {excluded}, selection.Spent: {rival},
		selection.LowFee: {poor}, selection.NoRoom: {huge}, selection.Invalid: {invalid},
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
	if _, err := o.Exclude(excluded.ID, true); err != nil {
		t.Fatal(err)
	}
	s.SetMaxGas(900)
	s.SetMinFeeRate(3000)
	if _, err := f.Chain.Select(t.Context(), f.Chain.Tip()); err != nil {
		t.Fatal(err)
	}
	sum := s.Summary()
	expectFates(t, s, all)
	v, _ := s.Explain(good.ID)
	if v.Place != 1 || v.Fee != txtest.Fee+1 || v.Gas == 0 || sum.Fees != v.Fee || sum.Gas != v.Gas || sum.Height != 1 {
		t.Errorf("verdict %+v in %+v", v, sum)
	}
	if v, _ := s.Explain(invalid.ID); !errors.Is(v.Reason, mining.ErrBadTx) {
		t.Errorf("the reason of an invalid one: %v", v.Reason)
	}
	if _, ok := s.Explain(bc.Hash{}); ok {
		t.Error("a transaction that was never there is explained")
	}
	if _, err := o.Exclude(orphan.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Chain.Select(t.Context(), f.Chain.Tip()); err != nil {
		t.Fatal(err)
	}
	if v, _ := s.Explain(orphan.ID); v.Fate != selection.Excluded {
		t.Errorf("an excluded one whose parent is missing: %+v", v)
	}
	sum.Counts[selection.Chosen] = 77
	if got := s.Summary().Counts[selection.Chosen]; got != 1 {
		t.Errorf("%d after a copy was changed", got)
	}
}

// expectFates compares the last choice with what each transaction must have met.
func expectFates(t *testing.T, s *selection.Selector, all map[selection.Fate][]*types.Tx) {
	t.Helper()
	sum := s.Summary()
	for fate, txs := range all {
		if sum.Counts[fate] != len(txs) {
			t.Errorf("%s: %d, expected %d", fate, sum.Counts[fate], len(txs))
		}
		for _, tx := range txs {
			if v, ok := s.Explain(tx.ID); !ok || v.Fate != fate {
				t.Errorf("expected %s: %+v", fate, v)
			}
		}
	}
}

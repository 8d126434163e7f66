package selection

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/database/storage"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// A generated pool is clusters of related transactions: for each the best choice
// can be listed by trying all, and the best of all clusters together is a knapsack
// with classes, which dynamic programming solves exactly.

type cluster []*candidate

// testPool makes clusters on outputs that the view then has.
func testPool(r *rand.Rand, clusters int) (all []*candidate, groups []cluster, view map[bc.Hash]*storage.UtxoEntry) {
	view = make(map[bc.Hash]*storage.UtxoEntry)
	serial := uint64(0)
	source := func() bc.Hash { serial++; return bc.Hash{V0: serial, V1: r.Uint64()} }
	for range clusters {
		var g cluster
		root := testCandidate(r, source(), 1e12)
		for _, id := range root.Tx.SpentOutputIDs {
			view[id] = storage.NewUtxoEntry(false, 0, false)
		}
		g = append(g, root)
		switch r.IntN(4) {
		case 1: // A chain.
			for range 1 + r.IntN(3) {
				parent := g[len(g)-1]
				out, _ := parent.Tx.Output(*parent.Tx.ResultIds[0])
				g = append(g, testCandidate(r, *out.Source.Ref, out.Source.Value.Amount))
			}
		case 2: // A double spend.
			rival := *root
			rival.Tx = txtest.Conflicting(root.Tx)
			rival.Fee, rival.Gas = 1+r.Uint64N(1000), 1+r.Uint64N(20)
			g = append(g, &rival)
		case 3: // A poor parent of a rich child.
			root.Fee = 1
			out, _ := root.Tx.Output(*root.Tx.ResultIds[0])
			child := testCandidate(r, *out.Source.Ref, out.Source.Value.Amount)
			child.Fee *= 3
			g = append(g, child)
		}
		groups = append(groups, g)
		all = append(all, g...)
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, c := range all {
		c.arrival = i
	}
	linkParents(all)
	return all, groups, view
}

func testCandidate(r *rand.Rand, source bc.Hash, amount uint64) *candidate {
	c := candidateOf(txtest.FreeTx(source, amount))
	c.Fee, c.Gas = 1+r.Uint64N(1000), 1+r.Uint64N(20)
	return c
}

func candidateOf(tx *types.Tx) *candidate {
	return &candidate{bytes: 100, Candidate: mining.Candidate{Tx: tx}}
}

// bestFees is the exact optimum for a gas limit.
func bestFees(groups []cluster, gas uint64) uint64 {
	best := make([]uint64, gas+1)
	for _, g := range groups {
		next := slices.Clone(best)
		for subset := 1; subset < 1<<len(g); subset++ {
			fees, used, ok := value(g, subset)
			if !ok {
				continue
			}
			for have := used; have <= gas; have++ {
				next[have] = max(next[have], best[have-used]+fees)
			}
		}
		best = next
	}
	return best[gas]
}

// value is what a subset of a cluster pays and takes, if it can stand in a block.
func value(g cluster, subset int) (fees, gas uint64, ok bool) {
	has := func(c *candidate) bool { i := slices.Index(g, c); return i >= 0 && subset&(1<<i) != 0 }
	spent := make(map[bc.Hash]bool)
	for _, c := range g {
		if !has(c) {
			continue
		}
		fees, gas = fees+c.Fee, gas+c.Gas
		if slices.ContainsFunc(c.parents, func(p *candidate) bool { return !has(p) }) {
			return 0, 0, false
		}
		for _, id := range c.Tx.SpentOutputIDs {
			if spent[id] {
				return 0, 0, false
			}
			spent[id] = true
		}
	}
	return fees, gas, true
}

// TestSelectionPays compares the fees chosen from 300 generated pools with the
// optimum and with the order of arrival, which is the stock node's. A block holds
// fifty of the largest transactions, as on the chain (10,000,000 gas, at most
// 200,000 each).
func TestSelectionPays(t *testing.T) {
	worst := 1.0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		all, groups, view := testPool(r, 20+r.IntN(300))
		s := &Selector{limit: limits{gas: 1000, bytes: 100 * 10_000}}
		ours := s.best(all, view, 1)
		checkChoice(t, ours, all)
		arrival := s.newAssembler(all, view, 1)
		arrival.byArrival(all)
		if checkChoice(t, arrival, all); arrival.fees > ours.fees {
			t.Errorf("pool %d: fees %d, by order of arrival %d", seed, ours.fees, arrival.fees)
		}
		got, best := ours.fees, bestFees(groups, s.limit.gas)
		if ratio := float64(got) / float64(best); ratio < 0.98 {
			t.Errorf("pool %d: fees %d, the best is %d (%.3f)", seed, got, best, ratio)
		} else {
			worst = min(worst, ratio)
		}
	}
	t.Logf("the worst of 300 pools reaches %.4f of the best", worst)
}

// TestEachOrderIsWorthTrying has blocks of ten gas that one of the three orders alone
// fills well.
func TestEachOrderIsWorthTrying(t *testing.T) {
	type tx struct {
		gas, fee uint64
		delta    int64
	}
	for _, test := range []struct {
		name    string
		txs     []tx
		feeRate float64
		want    uint64 // fees
	}{
		{"fee per gas", []tx{{6, 8, 0}, {5, 7, 0}, {5, 7, 0}}, 0, 14},
		{"fee", []tx{{1, 2, 0}, {10, 11, 0}}, 0, 11},
		{"arrival", []tx{{5, 9, 0}, {5, 9, 0}, {6, 11, 0}}, 0, 18},
		{"the operator's delta beats fees", []tx{{10, 11, 0}, {1, 2, 100}}, 0, 2},
		{"a least rate binds all orders", []tx{{10, 11, 0}, {5, 9, 0}}, 1.5, 9},
		{"the least rate itself is enough", []tx{{10, 15, 0}}, 1.5, 15},
		{"without a least rate a delta keeps nothing out", []tx{{10, 11, -100}}, 0, 11},
	} {
		r, view := random(), make(map[bc.Hash]*storage.UtxoEntry)
		var all []*candidate
		for i, tx := range test.txs {
			c := testCandidate(r, bc.Hash{V0: uint64(i) + 1}, 1e12)
			c.Gas, c.Fee, c.Delta, c.arrival = tx.gas, tx.fee, tx.delta, i
			view[c.Tx.SpentOutputIDs[0]] = newEntry
			all = append(all, c)
		}
		linkParents(all)
		b := (&Selector{limit: limits{gas: 10, bytes: 1e6, feeRate: test.feeRate}}).best(all, view, 1)
		if checkChoice(t, b, all); b.fees != test.want {
			t.Errorf("%s: fees %d, expected %d", test.name, b.fees, test.want)
		}
	}
}

// checkChoice holds a choice to the rules of a block.
func checkChoice(t *testing.T, b *assembler, all []*candidate) {
	t.Helper()
	byID := make(map[bc.Hash]*candidate)
	for _, c := range all {
		byID[c.Tx.ID] = c
	}
	var gas, fees uint64
	spent, done := make(map[bc.Hash]bool), make(map[*candidate]bool)
	for _, chosen := range b.chosen {
		c := byID[chosen.Tx.ID]
		for _, p := range c.parents {
			if !done[p] {
				t.Fatal("a child stands before its parent")
			}
		}
		for _, id := range c.Tx.SpentOutputIDs {
			if spent[id] {
				t.Fatal("an output is spent twice")
			}
			spent[id] = true
		}
		if done[c] {
			t.Fatal("a transaction stands there twice")
		}
		done[c] = true
		gas, fees = gas+c.Gas, fees+c.Fee
	}
	if gas > b.limit.gas || gas != b.gas || fees != b.fees {
		t.Fatalf("gas %d of %d (booked %d), fees %d (booked %d)", gas, b.limit.gas, b.gas, fees, b.fees)
	}
}

// TestLeastFeeRate leaves out what pays too little, unless a child makes up for it
// or the operator wants it.
func TestLeastFeeRate(t *testing.T) {
	r := random()
	view := make(map[bc.Hash]*storage.UtxoEntry)
	poor, parent := testCandidate(r, bc.Hash{V0: 1}, 1e12), testCandidate(r, bc.Hash{V0: 2}, 1e12)
	rich := testCandidate(r, bc.Hash{V0: 3}, 1e12)
	rescuer, beggar := candidateOf(txtest.FreeSpendOf(parent.Tx)), candidateOf(txtest.FreeSpendOf(rich.Tx))
	all := []*candidate{poor, parent, rich, rescuer, beggar}
	for i, fee := range []uint64{9, 0, 40, 25, 9} {
		all[i].Fee, all[i].Gas, all[i].arrival = fee, 10, i
	}
	for _, c := range []*candidate{poor, parent, rich} {
		view[c.Tx.SpentOutputIDs[0]] = newEntry
	}
	linkParents(all)
	s := &Selector{limit: limits{gas: 1000, bytes: 1e6, feeRate: 1}}
	expect := func(want ...*candidate) {
		t.Helper()
		b := s.best(all, view, 1)
		checkChoice(t, b, all)
		for i, c := range all {
			if b.included[c.slot] != slices.Contains(want, c) {
				t.Errorf("transaction %d: chosen %v", i, b.included[c.slot])
			}
			if v := b.judge(c, make(map[*candidate]Verdict)); !b.included[c.slot] && v.Fate != LowFee {
				t.Errorf("transaction %d: %s, expected %s", i, v.Fate, LowFee)
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

func TestSelectionKeepsToTheBytes(t *testing.T) {
	all, _, view := testPool(random(), 50)
	s := &Selector{limit: limits{gas: 1 << 40, bytes: 1050}}
	b := s.newAssembler(all, view, 1)
	b.byPackage(all, feePerGas)
	if len(b.chosen) != 10 || b.bytes != 1000 {
		t.Errorf("%d chosen of %d bytes, expected 10 of 1000", len(b.chosen), b.bytes)
	}
}

// TestALongChainComesIn has more unconfirmed ancestors than a package may.
func TestALongChainComesIn(t *testing.T) {
	r := random()
	view := make(map[bc.Hash]*storage.UtxoEntry)
	all := []*candidate{testCandidate(r, bc.Hash{V0: 1}, 1e12)}
	view[all[0].Tx.SpentOutputIDs[0]] = storage.NewUtxoEntry(false, 0, false)
	for range 5 * maxPackage {
		last := all[len(all)-1]
		out, _ := last.Tx.Output(*last.Tx.ResultIds[0])
		all = append(all, testCandidate(r, *out.Source.Ref, out.Source.Value.Amount))
	}
	slices.Reverse(all)
	linkParents(all)
	b := (&Selector{limit: limits{gas: 1 << 40, bytes: 1 << 40}}).newAssembler(all, view, 1)
	longest, tooLong := all[len(all)-maxPackage], all[len(all)-maxPackage-1]
	if p, ok := b.packageOf(longest); !ok || len(p.members) != maxPackage {
		t.Errorf("a package of %d: %d members, %v", maxPackage, len(p.members), ok)
	}
	if _, ok := b.packageOf(tooLong); ok {
		t.Errorf("a package of more than %d", maxPackage)
	}
	b.byPackage(all, feePerGas)
	checkChoice(t, b, all)
	if len(b.chosen) != len(all) {
		t.Errorf("%d of %d chosen", len(b.chosen), len(all))
	}
}

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// BenchmarkChoose picks from pools of independent transactions and of chains of
// 50, most of which fit: validated once, as a new tip asks for, and again, as a new
// transaction does.
func BenchmarkChoose(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		all, _, view := testPool(random(), n/2)
		b.Run(fmt.Sprintf("txs=%d", len(all)), func(b *testing.B) {
			s := &Selector{limit: limits{gas: consensus.MaxBlockGas, bytes: maxTemplateBytes}}
			for range b.N {
				s.best(all, view, 1)
			}
		})
	}
}

package selection_test

import (
	"math/rand/v2"
	"testing"

	"github.com/bytom/bytom/consensus"
	stock "github.com/bytom/bytom/mining"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection"
)

// TestAPoisonedPoolSpoilsNoTemplate mines the templates of random pools, block after
// block, and lets the chain judge each.
func TestAPoisonedPoolSpoilsNoTemplate(t *testing.T) {
	for seed := range uint64(chaintest.Rounds(8, 200)) {
		r := rand.New(rand.NewPCG(seed, 13))
		p := chaintest.NewPoisoned(t, r)
		p.Grow(t, 101)
		for range 8 {
			p.Spoil(t, 5+r.IntN(20))
			if r.IntN(3) == 0 {
				p.Selector.SetMaxGas(20_000 + r.Uint64N(80_000))
			} else {
				p.Selector.SetMaxGas(consensus.MaxBlockGas)
			}
			if mineTemplate(t, p); t.Failed() {
				t.Fatalf("seed %d, height %d", seed, p.Chain.Tip().Height)
			}
		}
	}
}

// mineTemplate holds a template to the rules and mines it.
func mineTemplate(t *testing.T, p *chaintest.Poisoned) {
	t.Helper()
	before := len(p.Pool.GetTransactions())
	template := p.FullTemplate(t)
	if n := len(p.Pool.GetTransactions()); n != before {
		t.Errorf("the pool has %d transactions after the template, had %d", n, before)
	}
	sum := p.Selector.Summary()
	b := chaintest.Unsolved(t, template)
	checkTemplate(t, p, b, sum)
	if err := p.Chain.Check(t.Context(), b); err != nil {
		t.Errorf("Check: %v", err)
		return
	}
	p.Process(t, b)
	p.Coinbases = append(p.Coinbases, b.Transactions[0])
	mined := make(map[bc.Hash]bool)
	for _, tx := range b.Transactions {
		mined[tx.ID] = true
	}
	left := p.Good[:0]
	for _, tx := range p.Good {
		if mined[tx.ID] {
			continue
		}
		left = append(left, tx)
		if v, _ := p.Selector.Explain(tx.ID); v.Fate != selection.NoRoom {
			t.Errorf("a good transaction was left out: %+v", v)
		}
	}
	if len(left) > 0 && (sum.Counts[selection.NoRoom] == 0 || len(b.Transactions) == 1) {
		t.Errorf("%d good transactions are not in, with %d in the block and %d without room", len(left), len(b.Transactions), sum.Counts[selection.NoRoom])
	}
	p.Good = left
}

// checkTemplate recomputes what a template says of itself, by Bytom's validation.
func checkTemplate(t *testing.T, p *chaintest.Poisoned, b *types.Block, sum selection.Summary) {
	t.Helper()
	var fees, gas, size uint64
	made, spent := make(map[bc.Hash]int), make(map[bc.Hash]bool)
	for i, tx := range b.Transactions {
		for _, id := range tx.ResultIds {
			made[*id] = i
		}
	}
	mapped := types.MapBlock(b)
	for i, tx := range b.Transactions {
		v := selection.Validate(tx, mapped)
		if v.Invalid != nil {
			t.Errorf("transaction %d: %v", i, v.Invalid)
		}
		if i > 0 {
			fees, gas, size = fees+v.Fee, gas+v.Gas, size+tx.SerializedSize
		}
		for _, id := range tx.SpentOutputIDs {
			if out, err := tx.Output(id); err != nil || v.GasOnly && *out.Source.Value.AssetId != *consensus.BTMAssetID {
				continue
			}
			if maker, ok := made[id]; ok && maker >= i {
				t.Errorf("transaction %d stands before its parent %d", i, maker)
			}
			if spent[id] {
				t.Errorf("transaction %d spends what is spent", i)
			}
			spent[id] = true
		}
	}
	if want := consensus.BlockSubsidy(b.Height) + fees; b.Transactions[0].Outputs[0].Amount != want {
		t.Errorf("the coinbase pays %d, expected %d", b.Transactions[0].Outputs[0].Amount, want)
	}
	if gas > p.Selector.MaxGas() || size > p.Selector.MaxBytes() {
		t.Errorf("%d gas of %d, %d bytes of %d", gas, p.Selector.MaxGas(), size, p.Selector.MaxBytes())
	}
	if sum.Fees != fees || sum.Gas != gas || sum.Bytes != size || sum.Counts[selection.Chosen] != len(b.Transactions)-1 {
		t.Errorf("the summary %+v, expected fees %d, gas %d, bytes %d", sum, fees, gas, size)
	}
	total := 0
	for _, n := range sum.Counts {
		total += n
	}
	if n := len(p.Pool.GetTransactions()); total != n {
		t.Errorf("%d transactions have a fate, %d are in the pool", total, n)
	}
}

// TestSelectionPaysMoreThanTheStockNode compares the coinbase of our template with
// that of Bytom's own, on pools of the real chain: some that fill a block many times
// over, some with all that is poisonous. Bytom's comes last, since it edits the pool.
func TestSelectionPaysMoreThanTheStockNode(t *testing.T) {
	more := 0
	pools := chaintest.Rounds(12, 300)
	for seed := range uint64(pools) {
		r := rand.New(rand.NewPCG(seed, 17))
		p := chaintest.NewPoisoned(t, r)
		p.Grow(t, 101)
		p.Spoil(t, r.IntN(60))
		if r.IntN(3) > 0 {
			p.Crowd(t, 60+r.IntN(200))
		}
		for _, desc := range p.Pool.GetTransactions() {
			// The pool would not have let it in, and the stock selection does not ask.
			if desc.Tx.TxData.Version != 1 {
				p.Pool.RemoveTransaction(&desc.Tx.ID)
			}
		}
		ours := p.FullTemplate(t)
		theirs, err := stock.NewBlockTemplate(p.Bytom, p.Pool, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := theirs.Transactions[0].Outputs[0].Amount
		if ours.Value < want {
			t.Errorf("pool %d: our block pays %d, the stock node's %d", seed, ours.Value, want)
		}
		if ours.Value > want {
			more++
		}
		if err := p.Chain.Check(t.Context(), chaintest.Unsolved(t, ours)); err != nil {
			t.Errorf("pool %d: %v", seed, err)
		}
		theirs.Timestamp = ours.Timestamp // Theirs is the clock's, which may be too old.
		if err := p.Chain.Check(t.Context(), theirs); err != nil {
			t.Errorf("pool %d: the stock node's block: %v", seed, err)
		}
	}
	if more == 0 {
		t.Error("our block never paid more: the pools are too easy")
	}
	t.Logf("our block paid more than the stock node's on %d of %d pools, and never less", more, pools)
}

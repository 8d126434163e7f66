package chaintest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/vm"

	"github.com/bytom-solo/bytom-solo/node/selection"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// Poisoned is a chain whose pool holds everything that has ever spoilt a template.
type Poisoned struct {
	*Fixture
	Rand *rand.Rand
	// Coinbases are the chain's, by height, all of txtest.Key.
	Coinbases []*types.Tx
	// Good are transactions that need nothing but an output of the chain, which
	// nothing else spends, and are valid for ever.
	Good  []*types.Tx
	added time.Time // of the last one in the pool
}

func NewPoisoned(t testing.TB, r *rand.Rand) *Poisoned {
	return &Poisoned{Fixture: NewQuick(t), Rand: r, Coinbases: []*types.Tx{nil}, added: time.Unix(1e9, 0)}
}

// Grow mines empty blocks.
func (p *Poisoned) Grow(t testing.TB, blocks int) {
	t.Helper()
	for range blocks {
		tip := p.Chain.Tip()
		cb := txtest.Coinbase([]byte(fmt.Sprintf("\x00%d", tip.Height+1)), txtest.BTM(consensus.BlockSubsidy(tip.Height+1), txtest.PayToKey()...))
		b := &types.Block{
			BlockHeader: types.BlockHeader{
				Version: 1, Height: tip.Height + 1, PreviousBlockHash: tip.Hash, Timestamp: max(uint64(time.Now().Unix()), tip.MedianTime+1), Bits: tip.Bits,
			},
			Transactions: []*types.Tx{cb},
		}
		Seal(b)
		p.Process(t, b)
		p.Coinbases = append(p.Coinbases, cb)
	}
}

// Source is an id that no output has yet.
func (p *Poisoned) Source() bc.Hash { return bc.Hash{V0: p.Rand.Uint64(), V1: p.Rand.Uint64()} }

// fee pays for the gas of any transaction here, by chance a lot.
func (p *Poisoned) fee() uint64 { return txtest.Fee + p.Rand.Uint64N(1+txtest.Fee<<p.Rand.IntN(6)) }

// FundTx makes what a transaction spends exist.
func (p *Poisoned) FundTx(tx *types.Tx) { p.Fund(panicker{}, false, tx) }

// panicker is a testing.TB for what can't fail.
type panicker struct{ testing.TB }

func (panicker) Helper()           {}
func (panicker) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// AddInOrder adds transactions to the pool, in this order of arrival.
func (p *Poisoned) AddInOrder(t testing.TB, txs ...*types.Tx) {
	t.Helper()
	next := &bc.Block{BlockHeader: &bc.BlockHeader{Version: 1, Height: p.Chain.Tip().Height + 1}}
	for _, tx := range txs {
		v := selection.Validate(tx, next)
		if _, err := p.Pool.ProcessTransaction(tx, v.GasOnly, next.Height, v.Fee); err != nil {
			t.Fatal(err)
		}
		if desc, err := p.Pool.GetTransaction(&tx.ID); err == nil {
			p.added = p.added.Add(time.Second)
			desc.Added = p.added
		}
	}
}

// free spends an output of any program and pays to any.
func (p *Poisoned) free(spends, pays []byte, args [][]byte, change func(*types.TxData)) *types.Tx {
	data := types.TxData{
		Version: 1, Inputs: []*types.TxInput{types.NewSpendInput(args, p.Source(), *consensus.BTMAssetID, 1e11, 0, spends)},
		Outputs: []*types.TxOutput{txtest.BTM(1e11-p.fee(), pays...)},
	}
	if change != nil {
		change(&data)
	}
	tx := txtest.Sized(data)
	p.FundTx(tx)
	return tx
}

// Spoil adds n groups of transactions to the pool.
func (p *Poisoned) Spoil(t testing.TB, n int) {
	t.Helper()
	for range n {
		p.spoilOnce(t)
	}
}

func (p *Poisoned) spoilOnce(t testing.TB) {
	t.Helper()
	height := p.Chain.Tip().Height + 1
	open := []byte{byte(vm.OP_TRUE)}
	switch p.Rand.IntN(16) {
	case 0, 1: // Nothing is wrong with it.
		tx := txtest.SignedTx(p.Source(), 1e11, p.fee())
		p.FundTx(tx)
		p.Good = append(p.Good, tx)
		p.AddInOrder(t, tx)
	case 2: // A big one, that takes room.
		tx := p.free(open, open, nil, func(d *types.TxData) {
			d.Outputs[0].Amount = 1e11 - 4*txtest.Fee - p.fee()
			d.Outputs = append(d.Outputs, txtest.BTM(1, append([]byte{byte(vm.OP_FAIL)}, make([]byte, p.Rand.IntN(30_000))...)...))
		})
		p.Good = append(p.Good, tx)
		p.AddInOrder(t, tx)
	case 3, 4: // A chain, by chance with a child before its parent.
		p.poolChain(t, 2+p.Rand.IntN(4))
	case 5: // A conflict.
		source := p.Source()
		one, two := txtest.SignedTx(source, 1e11, p.fee()), txtest.SignedTx(source, 1e11, txtest.Fee-1)
		p.FundTx(one)
		p.AddInOrder(t, one, two, txtest.SpendOf(two, txtest.Fee))
	case 6: // Those that fail but for their gas, and who spends their change.
		p.poolGasOnly(t)
	case 7: // Coinbases, immature and mature.
		p.AddInOrder(t, txtest.SpendOf(p.Coinbases[1+p.Rand.IntN(len(p.Coinbases)-1)], p.fee()))
		p.AddInOrder(t, txtest.SpendOf(p.Coinbases[max(1, len(p.Coinbases)-100+p.Rand.IntN(5))], p.fee()))
	case 8: // Time ranges: past, and soon to be.
		p.AddInOrder(t, p.free(open, open, nil, func(d *types.TxData) { d.TimeRange = 1 + p.Rand.Uint64N(height) }))
		p.AddInOrder(t, p.free(open, open, nil, func(d *types.TxData) { d.TimeRange = height + p.Rand.Uint64N(3) }))
	case 9: // Its input is spent by the chain.
		tx := txtest.SignedTx(p.Source(), 1e11, p.fee())
		p.FundTx(tx)
		p.AddInOrder(t, tx, txtest.SpendOf(tx, txtest.Fee))
		p.Unfund(t, tx)
	case 10: // The parent never comes: it was there for a moment.
		parent := txtest.SignedTx(p.Source(), 1e11, p.fee())
		p.FundTx(parent)
		p.AddInOrder(t, parent, txtest.SpendOf(parent, txtest.Fee))
		p.Pool.RemoveTransaction(&parent.ID)
	case 11: // Good below, or from, some height on.
		op := []string{"LESSTHAN", "GREATERTHAN"}[p.Rand.IntN(2)]
		predicate := txtest.Assemble(t, fmt.Sprintf("BLOCKHEIGHT %d %s", height+p.Rand.Uint64N(4)-2, op))
		p.AddInOrder(t, p.free(txtest.PayToScript(predicate), open, [][]byte{predicate}, nil))
	case 12: // A signature of something else.
		tx := txtest.SignedTx(p.Source(), 1e11, p.fee())
		tx.SetInputArguments(0, [][]byte{make([]byte, 64), txtest.Key.Public()})
		p.FundTx(tx)
		p.AddInOrder(t, tx, txtest.SpendOf(tx, txtest.Fee))
	case 13: // A program that is not standard, and a version that is not 1.
		p.AddInOrder(t, p.free(open, []byte{byte(vm.OP_2)}, nil, nil))
		p.AddInOrder(t, p.free(open, open, nil, func(d *types.TxData) { d.Version = 2 }))
	case 14: // The pool's orphan: it comes, or not.
		parent := txtest.SignedTx(p.Source(), 1e11, p.fee())
		p.FundTx(parent)
		p.AddInOrder(t, txtest.SpendOf(parent, txtest.Fee))
		if p.Rand.IntN(2) == 0 {
			p.AddInOrder(t, parent)
		}
	case 15: // The same output twice in one transaction.
		p.AddInOrder(t, p.free(open, open, nil, func(d *types.TxData) {
			d.Inputs = append(d.Inputs, d.Inputs[0])
			d.Outputs[0].Amount += 1e11
		}))
	}
}

// poolGasOnly adds two that fail but for their gas. They name the same asset output,
// which neither spends after all: it is no conflict, and it can go away.
func (p *Poisoned) poolGasOnly(t testing.TB) {
	t.Helper()
	asset := bc.AssetID{V0: 9}
	maker := p.free([]byte{byte(vm.OP_TRUE)}, txtest.PayToKey(), nil, func(d *types.TxData) {
		d.Inputs = append(d.Inputs, types.NewSpendInput(nil, p.Source(), asset, 5, 0, []byte{byte(vm.OP_TRUE)}))
		d.Outputs = append(d.Outputs, types.NewTxOutput(asset, 5, txtest.Assemble(t, "1 2 EQUAL")))
	})
	one, two := txtest.GasOnly(t, p.Source(), txtest.MuxOf(maker)), txtest.GasOnly(t, p.Source(), txtest.MuxOf(maker))
	for _, tx := range []*types.Tx{one, two} {
		p.FundTx(tx)
		p.unfundAsset(t, tx)
	}
	p.AddInOrder(t, maker, one, two, txtest.SpendOf(one, txtest.Fee))
	if p.Rand.IntN(2) == 0 {
		p.Unfund(t, maker)
	}
	p.Good = append(p.Good, one, two)
}

// unfundAsset takes away what a transaction spends in assets.
func (p *Poisoned) unfundAsset(t testing.TB, tx *types.Tx) {
	t.Helper()
	var assets []bc.Hash
	for _, id := range tx.SpentOutputIDs {
		if !isBTM(tx, id) {
			assets = append(assets, id)
		}
	}
	p.Unfund(t, &types.Tx{Tx: &bc.Tx{SpentOutputIDs: assets}})
}

func (p *Poisoned) poolChain(t testing.TB, length int) {
	t.Helper()
	tx := txtest.SignedTx(p.Source(), 1e11, p.fee())
	p.FundTx(tx)
	chain := []*types.Tx{tx}
	for range length {
		tx = txtest.SpendOf(tx, p.fee())
		chain = append(chain, tx)
	}
	p.AddInOrder(t, chain...)
	if p.Rand.IntN(2) == 0 {
		for i, tx := range chain { // They are in the pool in order; now they arrived in reverse.
			if desc, err := p.Pool.GetTransaction(&tx.ID); err == nil {
				desc.Added = p.added.Add(-time.Duration(i) * time.Second)
			}
		}
	}
}

// Crowd adds more than a block holds, of which each takes a fiftieth at the most.
func (p *Poisoned) Crowd(t testing.TB, n int) {
	for range n {
		data := types.TxData{
			Version: 1, SerializedSize: 1000 + p.Rand.Uint64N(190_000),
			Inputs:  []*types.TxInput{types.NewSpendInput(nil, p.Source(), *consensus.BTMAssetID, 1e12, 0, []byte{byte(vm.OP_TRUE)})},
			Outputs: []*types.TxOutput{txtest.BTM(1e12-4*txtest.Fee-p.fee(), txtest.PayToKey()...)},
		}
		tx := types.NewTx(data)
		p.FundTx(tx)
		p.AddInOrder(t, tx)
		if p.Rand.IntN(4) == 0 {
			p.AddInOrder(t, txtest.SpendOf(tx, p.fee()))
		}
	}
}

// isBTM reports whether an output that a transaction spends is of BTM.
func isBTM(tx *types.Tx, id bc.Hash) bool {
	out, err := tx.Output(id)
	return err == nil && *out.Source.Value.AssetId == *consensus.BTMAssetID
}

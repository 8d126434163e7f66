package node

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/vm"
)

// poisoned is a chain whose pool holds everything that has ever spoilt a template.
type poisoned struct {
	*fixture
	r *rand.Rand
	// coinbases are the chain's, by height, all of testKey.
	coinbases []*types.Tx
	// good are transactions that need nothing but an output of the chain, which
	// nothing else spends, and are valid for ever.
	good  []*types.Tx
	added time.Time // of the last one in the pool
}

func newPoisoned(t testing.TB, r *rand.Rand) *poisoned {
	return &poisoned{fixture: newQuickFixture(t), r: r, coinbases: []*types.Tx{nil}, added: time.Unix(1e9, 0)}
}

// grow mines empty blocks.
func (p *poisoned) grow(t testing.TB, blocks int) {
	t.Helper()
	for range blocks {
		tip := p.chain.Tip()
		cb := coinbaseTx([]byte(fmt.Sprintf("\x00%d", tip.Height+1)), btm(consensus.BlockSubsidy(tip.Height+1), payToKey()...))
		b := &types.Block{
			BlockHeader: types.BlockHeader{
				Version: 1, Height: tip.Height + 1, PreviousBlockHash: tip.Hash, Timestamp: max(uint64(time.Now().Unix()), tip.MedianTime+1), Bits: tip.Bits,
			},
			Transactions: []*types.Tx{cb},
		}
		seal(b)
		p.process(t, b)
		p.coinbases = append(p.coinbases, cb)
	}
}

// source is an id that no output has yet.
func (p *poisoned) source() bc.Hash { return bc.Hash{V0: p.r.Uint64(), V1: p.r.Uint64()} }

// fee pays for the gas of any transaction here, by chance a lot.
func (p *poisoned) fee() uint64 { return testFee + p.r.Uint64N(1+testFee<<p.r.IntN(6)) }

// fundTx makes what a transaction spends exist.
func (p *poisoned) fundTx(tx *types.Tx) { p.fund(panicker{}, false, tx) }

// panicker is a testing.TB for what can't fail.
type panicker struct{ testing.TB }

func (panicker) Helper()           {}
func (panicker) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// pool adds transactions to the pool, in this order of arrival.
func (p *poisoned) pool(t testing.TB, txs ...*types.Tx) {
	t.Helper()
	next := &bc.Block{BlockHeader: &bc.BlockHeader{Version: 1, Height: p.chain.Tip().Height + 1}}
	for _, tx := range txs {
		v := validate(tx, next)
		if _, err := p.bytom.pool.ProcessTransaction(tx, v.GasOnly, next.Height, v.Fee); err != nil {
			t.Fatal(err)
		}
		if desc, err := p.bytom.pool.GetTransaction(&tx.ID); err == nil {
			p.added = p.added.Add(time.Second)
			desc.Added = p.added
		}
	}
}

// free spends an output of any program and pays to any.
func (p *poisoned) free(spends, pays []byte, args [][]byte, change func(*types.TxData)) *types.Tx {
	data := types.TxData{
		Version: 1, Inputs: []*types.TxInput{types.NewSpendInput(args, p.source(), *consensus.BTMAssetID, 1e11, 0, spends)},
		Outputs: []*types.TxOutput{btm(1e11-p.fee(), pays...)},
	}
	if change != nil {
		change(&data)
	}
	tx := sized(data)
	p.fundTx(tx)
	return tx
}

// spoil adds n groups of transactions to the pool.
func (p *poisoned) spoil(t testing.TB, n int) {
	t.Helper()
	for range n {
		p.spoilOnce(t)
	}
}

func (p *poisoned) spoilOnce(t testing.TB) {
	t.Helper()
	height := p.chain.Tip().Height + 1
	open := []byte{byte(vm.OP_TRUE)}
	switch p.r.IntN(16) {
	case 0, 1: // Nothing is wrong with it.
		tx := signedTx(p.source(), 1e11, p.fee())
		p.fundTx(tx)
		p.good = append(p.good, tx)
		p.pool(t, tx)
	case 2: // A big one, that takes room.
		tx := p.free(open, open, nil, func(d *types.TxData) {
			d.Outputs[0].Amount = 1e11 - 4*testFee - p.fee()
			d.Outputs = append(d.Outputs, btm(1, append([]byte{byte(vm.OP_FAIL)}, make([]byte, p.r.IntN(30_000))...)...))
		})
		p.good = append(p.good, tx)
		p.pool(t, tx)
	case 3, 4: // A chain, by chance with a child before its parent.
		p.poolChain(t, 2+p.r.IntN(4))
	case 5: // A conflict.
		source := p.source()
		one, two := signedTx(source, 1e11, p.fee()), signedTx(source, 1e11, testFee-1)
		p.fundTx(one)
		p.pool(t, one, two, spendOf(two, testFee))
	case 6: // Those that fail but for their gas, and who spends their change.
		p.poolGasOnly(t)
	case 7: // Coinbases, immature and mature.
		p.pool(t, spendOf(p.coinbases[1+p.r.IntN(len(p.coinbases)-1)], p.fee()))
		p.pool(t, spendOf(p.coinbases[max(1, len(p.coinbases)-100+p.r.IntN(5))], p.fee()))
	case 8: // Time ranges: past, and soon to be.
		p.pool(t, p.free(open, open, nil, func(d *types.TxData) { d.TimeRange = 1 + p.r.Uint64N(height) }))
		p.pool(t, p.free(open, open, nil, func(d *types.TxData) { d.TimeRange = height + p.r.Uint64N(3) }))
	case 9: // Its input is spent by the chain.
		tx := signedTx(p.source(), 1e11, p.fee())
		p.fundTx(tx)
		p.pool(t, tx, spendOf(tx, testFee))
		p.unfund(t, tx)
	case 10: // The parent never comes: it was there for a moment.
		parent := signedTx(p.source(), 1e11, p.fee())
		p.fundTx(parent)
		p.pool(t, parent, spendOf(parent, testFee))
		p.bytom.pool.RemoveTransaction(&parent.ID)
	case 11: // Good below, or from, some height on.
		op := []string{"LESSTHAN", "GREATERTHAN"}[p.r.IntN(2)]
		predicate := assemble(t, fmt.Sprintf("BLOCKHEIGHT %d %s", height+p.r.Uint64N(4)-2, op))
		p.pool(t, p.free(payToScript(predicate), open, [][]byte{predicate}, nil))
	case 12: // A signature of something else.
		tx := signedTx(p.source(), 1e11, p.fee())
		tx.SetInputArguments(0, [][]byte{make([]byte, 64), testKey.Public()})
		p.fundTx(tx)
		p.pool(t, tx, spendOf(tx, testFee))
	case 13: // A program that is not standard, and a version that is not 1.
		p.pool(t, p.free(open, []byte{byte(vm.OP_2)}, nil, nil))
		p.pool(t, p.free(open, open, nil, func(d *types.TxData) { d.Version = 2 }))
	case 14: // The pool's orphan: it comes, or not.
		parent := signedTx(p.source(), 1e11, p.fee())
		p.fundTx(parent)
		p.pool(t, spendOf(parent, testFee))
		if p.r.IntN(2) == 0 {
			p.pool(t, parent)
		}
	case 15: // The same output twice in one transaction.
		p.pool(t, p.free(open, open, nil, func(d *types.TxData) {
			d.Inputs = append(d.Inputs, d.Inputs[0])
			d.Outputs[0].Amount += 1e11
		}))
	}
}

// poolGasOnly adds two that fail but for their gas. They name the same asset output,
// which neither spends after all: it is no conflict, and it can go away.
func (p *poisoned) poolGasOnly(t testing.TB) {
	t.Helper()
	asset := bc.AssetID{V0: 9}
	maker := p.free([]byte{byte(vm.OP_TRUE)}, payToKey(), nil, func(d *types.TxData) {
		d.Inputs = append(d.Inputs, types.NewSpendInput(nil, p.source(), asset, 5, 0, []byte{byte(vm.OP_TRUE)}))
		d.Outputs = append(d.Outputs, types.NewTxOutput(asset, 5, assemble(t, "1 2 EQUAL")))
	})
	one, two := gasOnlyTx(t, p.source(), muxOf(maker)), gasOnlyTx(t, p.source(), muxOf(maker))
	for _, tx := range []*types.Tx{one, two} {
		p.fundTx(tx)
		p.unfundAsset(t, tx)
	}
	p.pool(t, maker, one, two, spendOf(one, testFee))
	if p.r.IntN(2) == 0 {
		p.unfund(t, maker)
	}
	p.good = append(p.good, one, two)
}

// unfundAsset takes away what a transaction spends in assets.
func (p *poisoned) unfundAsset(t testing.TB, tx *types.Tx) {
	t.Helper()
	var assets []bc.Hash
	for _, id := range tx.SpentOutputIDs {
		if !moves(tx.Tx, id, true) {
			assets = append(assets, id)
		}
	}
	p.unfund(t, &types.Tx{Tx: &bc.Tx{SpentOutputIDs: assets}})
}

func (p *poisoned) poolChain(t testing.TB, length int) {
	t.Helper()
	tx := signedTx(p.source(), 1e11, p.fee())
	p.fundTx(tx)
	chain := []*types.Tx{tx}
	for range length {
		tx = spendOf(tx, p.fee())
		chain = append(chain, tx)
	}
	p.pool(t, chain...)
	if p.r.IntN(2) == 0 {
		for i, tx := range chain { // They are in the pool in order; now they arrived in reverse.
			if desc, err := p.bytom.pool.GetTransaction(&tx.ID); err == nil {
				desc.Added = p.added.Add(-time.Duration(i) * time.Second)
			}
		}
	}
}

// crowd adds more than a block holds, of which each takes a fiftieth at the most.
func (p *poisoned) crowd(t testing.TB, n int) {
	for range n {
		data := types.TxData{
			Version: 1, SerializedSize: 1000 + p.r.Uint64N(190_000),
			Inputs:  []*types.TxInput{types.NewSpendInput(nil, p.source(), *consensus.BTMAssetID, 1e12, 0, []byte{byte(vm.OP_TRUE)})},
			Outputs: []*types.TxOutput{btm(1e12-4*testFee-p.fee(), payToKey()...)},
		}
		tx := types.NewTx(data)
		p.fundTx(tx)
		p.pool(t, tx)
		if p.r.IntN(4) == 0 {
			p.pool(t, spendOf(tx, p.fee()))
		}
	}
}

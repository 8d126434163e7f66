package chain_test

import (
	"slices"
	"testing"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/vm"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// checkTest is a chain of two blocks with a pool of a parent, its child, one that
// fails but for its gas and a plain one, which a good block on it holds.
type checkTest struct {
	*chaintest.Fixture
	good     *types.Block
	immature *types.Tx // spends the first block's coinbase
	gasOnly  *types.Tx
}

func newCheckTest(t testing.TB) checkTest {
	c := checkTest{Fixture: chaintest.NewQuick(t)}
	first := chaintest.Unsolved(t, c.FullTemplate(t))
	c.Process(t, first)
	c.Process(t, chaintest.Unsolved(t, c.FullTemplate(t)))
	c.immature = txtest.SpendOf(first.Transactions[0], txtest.Fee)
	c.gasOnly = txtest.GasOnly(t, bc.Hash{V0: 3}, bc.Hash{V0: 4})
	parent, plain := txtest.SignedTx(bc.Hash{V0: 1}, 1e9, txtest.Fee), txtest.SignedTx(bc.Hash{V0: 2}, 1e9, txtest.Fee)
	c.Fund(t, false, parent, plain, c.gasOnly)
	c.PoolAdd(t, parent, txtest.SpendOf(parent, txtest.Fee), plain, c.gasOnly)
	c.good = chaintest.Unsolved(t, c.FullTemplate(t))
	if len(c.good.Transactions) != 5 {
		t.Fatalf("%d transactions in the good block", len(c.good.Transactions))
	}
	return c
}

// edit is the good block with a change.
func (c checkTest) edit(change func(b *types.Block)) *types.Block {
	b := *c.good
	b.Transactions = slices.Clone(c.good.Transactions)
	change(&b)
	return &b
}

// sealed is the good block with a change to its transactions, and all that follows
// from it made right again.
func (c checkTest) sealed(change func(b *types.Block)) *types.Block {
	return c.edit(func(b *types.Block) {
		change(b)
		fees, _ := chaintest.Seal(b)
		b.Transactions[0] = txtest.Coinbase([]byte{0, '3'}, txtest.BTM(consensus.BlockSubsidy(b.Height)+fees, txtest.PayToKey()...))
		chaintest.Seal(b)
	})
}

// faulty is a block that breaks one rule and is otherwise valid.
type faulty struct {
	name  string
	block *types.Block
	want  mining.ErrorKind
	tx    int    // at fault; -1 if none is
	text  string // in the error
}

// faults breaks one rule after the other.
func (c checkTest) faults(t *testing.T) []faulty {
	return slices.Concat(c.headerFaults(), c.coinbaseFaults(), c.txFaults(t))
}

// headerFaults are those of the block's shape and its header.
func (c checkTest) headerFaults() []faulty {
	return []faulty{
		{"nil", nil, mining.ErrMalformed, -1, "no block"},
		{"no transactions", c.edit(func(b *types.Block) { b.Transactions = nil }), mining.ErrMalformed, -1, "coinbase"},
		{"nil transaction", c.edit(func(b *types.Block) { b.Transactions[1] = nil }), mining.ErrMalformed, -1, "transaction 1"},
		{"hollow transaction", c.edit(func(b *types.Block) { b.Transactions[0] = &types.Tx{Tx: &bc.Tx{}} }), mining.ErrMalformed, -1, ""},
		{"nonce", c.edit(func(b *types.Block) { b.Nonce = 1 << 63 }), mining.ErrNonceRange, -1, "0x8000000000000000"},
		{"unknown parent", c.edit(func(b *types.Block) { b.PreviousBlockHash.V0++ }), mining.ErrBadParent, -1, "unknown"},
		{"former parent", c.edit(func(b *types.Block) { b.PreviousBlockHash = c.Chain.GetBlockIndex().NodeByHeight(1).Hash }), mining.ErrBadParent, -1, "height 1 is not the tip"},
		{"version", c.edit(func(b *types.Block) { b.Version = 2 }), mining.ErrBadVersion, -1, "version 2, expected 1"},
		{"height", c.edit(func(b *types.Block) { b.Height++ }), mining.ErrBadHeight, -1, "height 4, expected 3"},
		{"bits", c.edit(func(b *types.Block) { b.Bits++ }), mining.ErrBadBits, -1, "expected"},
		{"old", c.edit(func(b *types.Block) { b.Timestamp = 1 }), mining.ErrTimeTooOld, -1, "timestamp 1 "},
		{"new", c.edit(func(b *types.Block) { b.Timestamp += 3700 }), mining.ErrTimeTooNew, -1, "ahead of this node's clock, expected an hour at most"},
		{"transactions root", c.edit(func(b *types.Block) { b.TransactionsMerkleRoot.V3++ }), mining.ErrTxRoot, -1, "expected"},
		{"status root", c.edit(func(b *types.Block) { b.TransactionStatusHash.V3++ }), mining.ErrStatusRoot, -1, "expected"},
	}
}

// coinbaseFaults are those of the first transaction, and of coinbases elsewhere.
func (c checkTest) coinbaseFaults() []faulty {
	withCoinbase := func(tx *types.Tx) *types.Block {
		return c.edit(func(b *types.Block) { b.Transactions[0] = tx; chaintest.Seal(b) })
	}
	value := c.good.Transactions[0].Outputs[0].Amount
	return []faulty{
		{"no coinbase", c.edit(func(b *types.Block) { b.Transactions = b.Transactions[1:]; chaintest.Seal(b) }), mining.ErrCoinbaseMissing, 0, "no coinbase input"},
		{"coinbase second", c.edit(func(b *types.Block) {
			b.Transactions[0], b.Transactions[1] = b.Transactions[1], b.Transactions[0]
			chaintest.Seal(b)
		}), mining.ErrCoinbaseMissing, 0, "no coinbase input"},
		{"two coinbases", c.edit(func(b *types.Block) {
			b.Transactions = append(b.Transactions, txtest.Coinbase([]byte{1}, txtest.BTM(1, 0x51)))
			chaintest.Seal(b)
		}),
			mining.ErrCoinbaseMultiple, 5, "not the first"},
		{"the coinbase twice", c.edit(func(b *types.Block) { b.Transactions = append(b.Transactions, b.Transactions[0]); chaintest.Seal(b) }),
			mining.ErrCoinbaseMultiple, 5, "not the first"},
		{"two coinbase inputs", withCoinbase(txtest.Sized(types.TxData{
			Version: 1, Inputs: []*types.TxInput{types.NewCoinbaseInput([]byte{1}), types.NewCoinbaseInput([]byte{2})},
			Outputs: []*types.TxOutput{txtest.BTM(value, 0x51)},
		})), mining.ErrCoinbaseMultiple, 0, "2 coinbase inputs"},
		{"long coinbase", withCoinbase(txtest.Coinbase(make([]byte, 129), txtest.BTM(value, 0x51))), mining.ErrCoinbaseLength, 0, "129 bytes, expected at most 128"},
		{"coinbase too much", withCoinbase(txtest.Coinbase(nil, txtest.BTM(value+1, 0x51))), mining.ErrCoinbaseAmount, 0, "expected"},
		{"coinbase too little", withCoinbase(txtest.Coinbase(nil, txtest.BTM(value-1, 0x51))), mining.ErrCoinbaseAmount, 0, "expected"},
		{"coinbase without fees", withCoinbase(txtest.Coinbase(nil, txtest.BTM(1, 0x51))), mining.ErrCoinbaseAmount, 0, "expected"},
		{"coinbase of two outputs", withCoinbase(txtest.Coinbase(nil, txtest.BTM(value-1, 0x51), txtest.BTM(1, 0x51))), mining.ErrCoinbaseAmount, 0, "2 outputs"},
		{"coinbase of no output", withCoinbase(txtest.Coinbase(nil, txtest.BTM(value, byte(vm.OP_FAIL)))), mining.ErrCoinbaseAmount, 0, "retirement"},
		{"coinbase of an asset", withCoinbase(txtest.Coinbase(nil, types.NewTxOutput(bc.AssetID{V0: 1}, value, []byte{0x51}))), mining.ErrBadTx, 0, "asset"},
		{"coinbase to a free program", withCoinbase(txtest.Coinbase(nil, txtest.BTM(value, 0x52))), mining.ErrBadTx, 0, "standard"},
	}
}

// txFaults are those of the other transactions.
func (c checkTest) txFaults(t *testing.T) []faulty {
	add := func(txs ...*types.Tx) *types.Block {
		return c.sealed(func(b *types.Block) { b.Transactions = append(b.Transactions, txs...) })
	}
	value := c.good.Transactions[0].Outputs[0].Amount
	spend := func(change func(data *types.TxData)) *types.Tx {
		data := types.TxData{
			Version: 1, Inputs: []*types.TxInput{types.NewSpendInput(nil, bc.Hash{V0: 70}, *consensus.BTMAssetID, 1e9, 0, []byte{0x51})},
			Outputs: []*types.TxOutput{txtest.BTM(1e9-txtest.Fee, 0x51)},
		}
		change(&data)
		tx := txtest.Sized(data)
		c.Fund(t, false, tx)
		return tx
	}
	badWitness := txtest.SignedTx(bc.Hash{V0: 2}, 1e9, txtest.Fee)
	badWitness.SetInputArguments(0, [][]byte{make([]byte, 64), txtest.Key.Public()})
	plain := slices.IndexFunc(c.good.Transactions, func(tx *types.Tx) bool { return tx.ID == badWitness.ID })
	missing := txtest.SignedTx(bc.Hash{V0: 80}, 1e9, txtest.Fee)
	return []faulty{
		{"gas", c.sealed(func(b *types.Block) { b.Transactions = append(b.Transactions, heavyTxs(t, c.Fixture, 51)...) }), mining.ErrBlockGas, -1, "at most 10000000"},
		{"bad version", add(spend(func(d *types.TxData) { d.Version = 2 })), mining.ErrBadTx, 5, "version 2"},
		{"expired", add(spend(func(d *types.TxData) { d.TimeRange = 2 })), mining.ErrBadTx, 5, "time range 2, expected 0 or at least the block's height 3"},
		{"not standard", add(spend(func(d *types.TxData) { d.Outputs[0].ControlProgram = []byte{0x52} })), mining.ErrBadTx, 5, "standard"},
		{"too little for its gas", add(spend(func(d *types.TxData) { d.Outputs[0].Amount = 1e9 - 1 })), mining.ErrBadTx, 5, ""},
		{"witness of a known one", c.edit(func(b *types.Block) { b.Transactions[plain] = badWitness }), mining.ErrBadTx, plain, ""},
		{"missing input", add(missing), mining.ErrBadInput, 5, "no such output"},
		{"immature", add(c.immature), mining.ErrBadInput, 5, "can be spent from height 101 on, the block's is 3"},
		{"twice", add(c.good.Transactions[plain]), mining.ErrBadInput, 5, "already spent"},
		{"double spend", add(txtest.SignedTx(bc.Hash{V0: 2}, 1e9, 2*txtest.Fee)), mining.ErrBadInput, 5, "already spent"},
		{"its own coinbase", c.edit(func(b *types.Block) {
			b.Transactions[0] = txtest.Coinbase(nil, txtest.BTM(value+txtest.Fee, txtest.PayToKey()...))
			b.Transactions = append(b.Transactions, txtest.SpendOf(b.Transactions[0], txtest.Fee))
			chaintest.Seal(b)
		}), mining.ErrBadInput, 5, "can be spent from height 103 on"},
		{"child first", c.sealed(func(b *types.Block) { slices.Reverse(b.Transactions[1:]) }), mining.ErrBadInput, -2, "no such output"},
		{"child of gas only", add(txtest.Signed(types.TxData{
			Version: 1, Inputs: []*types.TxInput{
				types.NewSpendInput(nil, txtest.MuxOf(c.gasOnly), *consensus.BTMAssetID, 1e9-txtest.Fee, 0, txtest.PayToKey()),
				types.NewSpendInput(nil, txtest.MuxOf(c.gasOnly), bc.AssetID{V0: 9}, 5, 1, []byte{byte(vm.OP_TRUE)}),
			},
			Outputs: []*types.TxOutput{txtest.BTM(1e9-2*txtest.Fee, 0x51), types.NewTxOutput(bc.AssetID{V0: 9}, 5, []byte{0x51})},
		})), mining.ErrBadInput, 5, "no such output"},
	}
}

// heavyTxs take 199,000 gas each: fifty of them nearly fill a block.
func heavyTxs(t testing.TB, f *chaintest.Fixture, n int) []*types.Tx {
	var txs []*types.Tx
	for i := range n {
		data := types.TxData{
			Version: 1, SerializedSize: 199_000,
			Inputs:  []*types.TxInput{types.NewSpendInput(nil, bc.Hash{V0: uint64(i), V1: 1}, *consensus.BTMAssetID, 1e9, 0, []byte{0x51})},
			Outputs: []*types.TxOutput{txtest.BTM(1e9-4e7-uint64(i), 0x51)},
		}
		txs = append(txs, types.NewTx(data))
	}
	f.Fund(t, false, txs...)
	return txs
}

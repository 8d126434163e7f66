package chain_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/vm"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection"
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
	add := func(txs ...*types.Tx) *types.Block {
		return c.sealed(func(b *types.Block) { b.Transactions = append(b.Transactions, txs...) })
	}
	withCoinbase := func(tx *types.Tx) *types.Block {
		return c.edit(func(b *types.Block) { b.Transactions[0] = tx; chaintest.Seal(b) })
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

// TestASubmitGivesTheReasonOfTheProposal solves each faulty block and submits it.
func TestASubmitGivesTheReasonOfTheProposal(t *testing.T) {
	c := newCheckTest(t)
	for _, test := range c.faults(t) {
		if test.want == mining.ErrBadParent || test.name == "hollow transaction" {
			continue // A submit may be for another block than the tip; and what is hollow has no hash.
		}
		t.Run(test.name, func(t *testing.T) {
			block := test.block
			if test.want != mining.ErrMalformed && test.want != mining.ErrNonceRange {
				c.Work(t, block)
			}
			if test.want == mining.ErrCoinbaseMultiple {
				// The chain knows a coinbase by its place in memory: the very same one twice
				// is something that no peer can send.
				block = overTheWire(t, block)
			}
			if _, err := c.Chain.Process(t.Context(), block); !errors.Is(err, test.want) {
				t.Errorf("error %v, expected %s", err, test.want)
			}
		})
	}
	if best := c.Chain.Tip(); best.Hash != c.good.PreviousBlockHash {
		t.Errorf("the tip moved to height %d", best.Height)
	}
	c.Process(t, c.good)
}

// TestARefusedBlockIsADuplicateThatIsInvalid submits blocks twice whose inputs are at
// fault: the chain indexes them before it looks at those.
func TestARefusedBlockIsADuplicateThatIsInvalid(t *testing.T) {
	c := newCheckTest(t)
	submit := func(b *types.Block) mining.Verdict {
		t.Helper()
		v, err := c.Submitter.SubmitBlock(t.Context(), b, mining.Finder{})
		if err != nil || v.Outcome != mining.Duplicate || v.Main {
			t.Errorf("again: %+v, %v, expected a duplicate", v, err)
		}
		return v
	}
	var refused []*types.Block
	for _, test := range c.faults(t) {
		if test.want != mining.ErrBadInput {
			continue
		}
		c.Work(t, test.block)
		if _, err := c.Submitter.SubmitBlock(t.Context(), test.block, mining.Finder{}); !errors.Is(err, mining.ErrBadInput) {
			t.Errorf("%s: error %v, expected %s", test.name, err, mining.ErrBadInput)
		}
		if id := test.block.Hash(); !c.Chain.BlockExist(&id) {
			t.Fatalf("%s: the chain has not kept it", test.name)
		}
		refused = append(refused, test.block)
		for _, remembered := range []bool{true, false} {
			if !remembered {
				c.Chain.ForgetRefused() // As another run would have it.
			}
			if v := submit(test.block); !errors.Is(v.Invalid, mining.ErrBadInput) {
				t.Errorf("%s: remembered %v: invalid for %v, expected %s", test.name, remembered, v.Invalid, mining.ErrBadInput)
			}
		}
	}
	if len(refused) < 5 {
		t.Fatalf("%d blocks were refused for their inputs", len(refused))
	}
	again := refused[0]
	c.Chain.SetRefused(again.Hash(), mining.ErrBadInput)
	c.Process(t, c.good)
	if v := submit(again); !errors.Is(v.Invalid, mining.ErrBadInput) {
		t.Errorf("under another tip: invalid for %v, expected %s", v.Invalid, mining.ErrBadInput)
	}
	if v := submit(refused[1]); v.Invalid != nil {
		t.Errorf("under another tip, in another run: invalid for %v, which nobody can know", v.Invalid)
	}
	if v, err := c.Submitter.SubmitBlock(t.Context(), c.good, mining.Finder{}); err != nil || v.Outcome != mining.Duplicate || !v.Main || v.Invalid != nil {
		t.Errorf("the best block again: %+v, %v", v, err)
	}
}

// TestCheckGivesTheReason holds the check to each fault's reason, and to which
// transaction is at fault.
func TestCheckGivesTheReason(t *testing.T) {
	c := newCheckTest(t)
	for _, test := range c.faults(t) {
		t.Run(test.name, func(t *testing.T) {
			err := c.Chain.Check(t.Context(), test.block)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("error %v, expected %s with %q", err, test.want, test.text)
			}
			var fault *mining.TxError
			if errors.As(err, &fault) != (test.tx != -1) {
				t.Fatalf("error %v: a transaction's fault: %v", err, fault != nil)
			}
			if test.tx >= 0 && (fault.Index != test.tx || fault.ID != test.block.Transactions[test.tx].ID) {
				t.Errorf("at fault is %d, %s, expected %d", fault.Index, fault.ID.String(), test.tx)
			}
		})
	}
	c.expectUntouched(t)
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

// expectUntouched holds that all the checks changed nothing, cost no proof of work,
// and that the good block still passes, as does a pool's choice.
func (c checkTest) expectUntouched(t *testing.T) {
	t.Helper()
	hashes := c.Verifying.Hashes.Load()
	for range 2 {
		if err := c.Chain.Check(t.Context(), c.good); err != nil {
			t.Errorf("the good block: %v", err)
		}
	}
	if n := c.Verifying.Hashes.Load() - hashes; n != 0 {
		t.Errorf("%d hashes for a check", n)
	}
	if h, n := c.Bytom.BestBlockHeight(), len(c.Pool.GetTransactions()); h != 2 || n != 4 {
		t.Errorf("height %d and %d pooled transactions after checks, expected 2 and 4", h, n)
	}
	if id := c.good.Hash(); c.Chain.BlockExist(&id) {
		t.Error("the chain knows the checked block")
	}
	if err := c.Chain.Check(t.Context(), c.edit(func(*types.Block) {})); err != nil {
		t.Errorf("a copy of the good block: %v", err)
	}
}

// TestCheckUsesItsClock moves the clock instead of the block.
func TestCheckUsesItsClock(t *testing.T) {
	c := newCheckTest(t)
	c.Config.Now = func() time.Time { return time.Unix(int64(c.good.Timestamp)-3601, 0) }
	if err := chain.New(c.Config).Check(t.Context(), c.good); !errors.Is(err, mining.ErrTimeTooNew) {
		t.Errorf("error %v, expected %s", err, mining.ErrTimeTooNew)
	}
	c.Config.Now = func() time.Time { return time.Unix(int64(c.good.Timestamp)-3600, 0) }
	if err := chain.New(c.Config).Check(t.Context(), c.good); err != nil {
		t.Error(err)
	}
}

// TestCheckOfAnUnseenBlock has no template made before: nothing is known of its
// transactions.
func TestCheckOfAnUnseenBlock(t *testing.T) {
	c := newCheckTest(t)
	c.Config.Selector = selection.New(selection.Config{Chain: c.Bytom, Log: c.Config.Log})
	c.Chain = chain.New(c.Config)
	if err := c.Chain.Check(t.Context(), c.good); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Chain.Check(ctx, c.good); !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
}

// TestCheckValidatesTheCoinbaseInItsPlace has the selector see a coinbase, which is
// invalid in a pool.
func TestCheckValidatesTheCoinbaseInItsPlace(t *testing.T) {
	c := newCheckTest(t)
	pool := []*protocol.TxDesc{{Tx: c.good.Transactions[0]}}
	if chosen, err := c.Selector.Choose(t.Context(), pool, c.good.Height); err != nil || len(chosen) != 0 {
		t.Fatalf("%d chosen, error %v", len(chosen), err)
	}
	if err := c.Chain.Check(t.Context(), c.good); err != nil {
		t.Error(err)
	}
}

// TestCheckBesideABusyChain checks templates while others choose and blocks connect:
// none may be found faulty but for a tip that moved.
func TestCheckBesideABusyChain(t *testing.T) {
	p := chaintest.NewPoisoned(t, rand.New(rand.NewPCG(1, 29)))
	p.Grow(t, 101)
	p.Spoil(t, 100)
	var current atomic.Pointer[types.Block]
	current.Store(chaintest.Unsolved(t, p.FullTemplate(t)))
	var passed, late atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var sides sync.WaitGroup
	for range 2 {
		sides.Go(func() {
			for ctx.Err() == nil {
				switch err := p.Chain.Check(ctx, current.Load()); {
				case err == nil:
					passed.Add(1)
				case errors.Is(err, mining.ErrBadParent):
					late.Add(1)
				case ctx.Err() == nil:
					t.Errorf("a template's block: %v", err)
				}
			}
		})
		sides.Go(func() {
			for ctx.Err() == nil {
				if _, err := p.Chain.Select(ctx, p.Chain.Tip()); err != nil && !errors.Is(err, mining.ErrTipMoved) && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	for passed.Load() == 0 && !t.Failed() { // All are under way.
		time.Sleep(time.Millisecond)
	}
	for range 20 {
		p.Grow(t, 1)
		b := chaintest.Unsolved(t, p.FullTemplate(t))
		current.Store(b)
		solved := *b
		p.Process(t, &solved)
	}
	cancel()
	sides.Wait()
	t.Logf("%d checks passed, %d were late", passed.Load(), late.Load())
}

// TestChainTellsOfBlocks has two blocks on the best chain and a rival of the first.
func TestChainTellsOfBlocks(t *testing.T) {
	f := chaintest.NewQuick(t)
	rival := f.Block(t, 2)
	genesis := f.Chain.Tip()
	first := f.Block(t, 1)
	f.Process(t, first)
	afterFirst := f.Chain.Tip()
	if outcome, err := f.Gate.Process(t.Context(), rival); err != nil || outcome != mining.SideChain {
		t.Fatalf("outcome %s, error %v", outcome, err)
	}
	f.Process(t, f.Block(t, 3))
	for _, tip := range []mining.Tip{genesis, afterFirst, f.Chain.Tip()} {
		if got, ok := f.Chain.After(tip.Hash); !ok || got != tip {
			t.Errorf("after %s: %+v, %v, expected %+v", tip.Hash.String(), got, ok, tip)
		}
	}
	side, ok := f.Chain.After(rival.Hash())
	if !ok || side.Height != 1 || side.Hash != rival.Hash() || side.MedianTime == 0 {
		t.Errorf("after the rival: %+v, %v", side, ok)
	}
	if _, ok := f.Chain.After(bc.Hash{V0: 1}); ok {
		t.Error("an unknown block is known")
	}
	place := func(id bc.Hash, height uint64, want mining.Place) {
		t.Helper()
		want.Best = 2
		if got := f.Chain.Place(id, height); got != want {
			t.Errorf("place %+v, expected %+v", got, want)
		}
	}
	place(first.Hash(), 1, mining.Place{Known: true, Main: true, There: first.Hash()})
	place(rival.Hash(), 1, mining.Place{Known: true, There: first.Hash()})
	place(bc.Hash{V0: 1}, 1, mining.Place{There: first.Hash()})
	place(bc.Hash{}, 3, mining.Place{})
}

// TestCheckAgreesWithTheChain lets the chain judge random blocks, good ones and
// spoilt ones, as they come from the wire, after Check did.
func TestCheckAgreesWithTheChain(t *testing.T) {
	accepted, refused := 0, 0
	for seed := range uint64(chaintest.Rounds(6, 100)) {
		r := rand.New(rand.NewPCG(seed, 11))
		p := chaintest.NewPoisoned(t, r)
		p.Grow(t, 101)
		for range 10 {
			p.Spoil(t, 12)
			b := chaintest.Unsolved(t, p.FullTemplate(t))
			for range r.IntN(3) {
				mutate(p, b)
			}
			b = overTheWire(t, b)
			verdict := p.Chain.Check(t.Context(), b)
			p.Work(t, b)
			outcome, err := p.Gate.Process(t.Context(), b)
			if err == nil && outcome != mining.MainChain {
				t.Fatalf("outcome %s", outcome)
			}
			if (verdict == nil) != (err == nil) {
				t.Fatalf("seed %d height %d: Check says %v, the chain %v", seed, b.Height, verdict, err)
			}
			if err == nil {
				accepted++
			} else {
				refused++
			}
		}
	}
	if accepted < 10 || refused < 10 {
		t.Errorf("%d accepted, %d refused: too few of one to show anything", accepted, refused)
	}
	t.Logf("%d accepted, %d refused", accepted, refused)
}

func overTheWire(t testing.TB, b *types.Block) *types.Block {
	t.Helper()
	text, err := b.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	got := &types.Block{}
	if err := got.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	return got
}

// mutate changes a block, in a way that may or may not matter. Where the
// transactions change, the header and the coinbase follow, most often.
func mutate(p *chaintest.Poisoned, b *types.Block) {
	n := len(b.Transactions)
	some := 1 + p.Rand.IntN(max(n-1, 1)) // A place for a transaction behind the coinbase.
	switch p.Rand.IntN(16) {
	case 0:
		b.Version = p.Rand.Uint64N(3)
	case 1:
		b.Height += p.Rand.Uint64N(3) - 1
	case 2:
		// Not within seconds of what is an hour ahead: the clock goes on between the check
		// and the chain's.
		b.Timestamp = uint64(time.Now().Unix()) + 10*p.Rand.Uint64N(800) - 3995
	case 3:
		b.TransactionStatusHash.V1 ^= p.Rand.Uint64N(2)
	case 4:
		b.TransactionsMerkleRoot.V1 ^= p.Rand.Uint64N(2)
	case 5:
		b.Bits ^= p.Rand.Uint64N(2)
	case 6, 7:
		b.Transactions = slices.Delete(b.Transactions, min(some, n-1), n)
		reseal(p, b)
	case 8, 9:
		p.Rand.Shuffle(n-1, func(i, j int) {
			b.Transactions[1+i], b.Transactions[1+j] = b.Transactions[1+j], b.Transactions[1+i]
		})
		reseal(p, b)
	case 10:
		b.Transactions = append(b.Transactions, b.Transactions[some%n])
		reseal(p, b)
	case 11, 12: // Whatever there is in the pool.
		for _, desc := range p.Pool.GetTransactions() {
			if p.Rand.IntN(8) == 0 {
				b.Transactions = append(b.Transactions, desc.Tx)
			}
		}
		reseal(p, b)
	case 13: // A witness that the id does not cover.
		tx := *b.Transactions[some%n]
		tx.TxData.Inputs = slices.Clone(tx.TxData.Inputs)
		in := *tx.TxData.Inputs[0]
		if spend, ok := in.TypedInput.(*types.SpendInput); ok {
			other := *spend
			other.Arguments = append(slices.Clone(other.Arguments), []byte{1})
			in.TypedInput = &other
		}
		tx.TxData.Inputs[0] = &in
		b.Transactions[some%n] = types.NewTx(tx.TxData)
	case 14: // No coinbase, but its amount.
		source := p.Source()
		fees := uint64(0)
		for _, tx := range b.Transactions[1:] {
			fees += selection.Validate(tx, types.MapBlock(b)).Fee
		}
		amount := consensus.BlockSubsidy(b.Height) + fees + txtest.Fee
		b.Transactions[0] = txtest.SignedTx(source, amount+txtest.Fee, txtest.Fee)
		p.FundTx(b.Transactions[0])
		chaintest.Seal(b)
	case 15:
		amount := b.Transactions[0].Outputs[0].Amount + p.Rand.Uint64N(3) - 1
		b.Transactions[0] = txtest.Coinbase([]byte{0, byte(p.Rand.Uint32())}, txtest.BTM(amount, txtest.PayToKey()...))
		chaintest.Seal(b)
	}
}

// reseal makes the coinbase and the roots right, or the roots alone.
func reseal(p *chaintest.Poisoned, b *types.Block) {
	fees, _ := chaintest.Seal(b)
	if p.Rand.IntN(4) > 0 {
		b.Transactions[0] = txtest.Coinbase([]byte{0, byte(p.Rand.Uint32())}, txtest.BTM(consensus.BlockSubsidy(b.Height)+fees, txtest.PayToKey()...))
	}
	chaintest.Seal(b)
}

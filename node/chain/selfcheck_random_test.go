package chain_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

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

package node

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom/bytom/crypto/ed25519"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
	"github.com/bytom-solo/bytom-solo/payout"
)

// oneShare is a log of rigs' shares that has one, which made a block.
type oneShare struct {
	payout.Share
	block string
}

func (s oneShare) ID() string   { return "log" }
func (s oneShare) Flush() error { return nil }
func (s oneShare) Keep(uint64)  {}
func (s oneShare) Solved(block string) (uint64, bool, error) {
	return s.Sequence, block == s.block, nil
}

func (s oneShare) SharesBefore(sequence uint64, visit func(payout.Share) bool) error {
	if sequence >= s.Sequence {
		visit(s.Share)
	}
	return nil
}

func (s oneShare) SharesFrom(sequence uint64, visit func(payout.Share) bool) error {
	if sequence <= s.Sequence {
		visit(s.Share)
	}
	return nil
}

// testKey signs with the key that the fixture's coinbases pay.
type testKey struct{}

func (testKey) Sign(_ context.Context, batch payout.Batch) (*types.Tx, error) {
	tx, err := batch.Tx()
	if err != nil {
		return nil, err
	}
	for i := range tx.Inputs {
		hash := tx.SigHash(uint32(i))
		tx.SetInputArguments(uint32(i), [][]byte{ed25519.Sign(txtest.Key, hash.Bytes()), txtest.Key.Public()})
	}
	return checkSigned(batch, tx)
}

// TestPayoutOnBytomsChain: a block is settled, its owner paid out of its coinbase as soon as
// Bytom's own chain lets it be spent, and the payment followed until it is deep.
func TestPayoutOnBytomsChain(t *testing.T) {
	f := chaintest.NewQuick(t)
	c := &payoutChain{f.Bytom}
	books, err := payout.Open(payout.Config{Path: filepath.Join(t.TempDir(), "payouts.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = books.Close() })
	policy, err := books.SetPolicy(payout.Policy{Scheme: payout.Solo, FeeBP: 100, Least: 100_000_000})
	if err != nil {
		t.Fatal(err)
	}
	mine := func() *types.Block {
		b := chaintest.Unsolved(t, f.FullTemplate(t))
		f.Process(t, b)
		return b
	}
	owner, found := addressOf(t, 7), mine()
	hash, now := found.Hash(), time.Now()
	share := oneShare{payout.Share{Sequence: 1, At: now, Owner: owner, Work: 1 << 60, Policy: policy.ID}, hash.String()}
	settler := payout.NewSettler(books, share, c, func() ([]payout.Candidate, error) {
		return []payout.Candidate{{Hash: hash, Height: 1, At: now, Owner: owner, Work: 1 << 60}}, nil
	})
	outbox := payout.NewOutbox(payout.OutboxConfig{Books: books, Chain: c, Signer: testKey{}, Program: func(owner string) ([]byte, error) {
		payee, err := parsePayee(owner)
		return payee.Program, err
	}})
	pass := func(want payout.BatchState) (b payout.Batch) {
		t.Helper()
		if _, err := settler.Step(); err != nil {
			t.Fatal(err)
		}
		if err := outbox.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		all, err := books.Batches()
		if err != nil || len(all) > 1 {
			t.Fatalf("%d batches, %v", len(all), err)
		}
		if len(all) == 1 {
			b = all[0]
		}
		if b.State != want {
			t.Fatalf("the batch is %q, expected %q", b.State, want)
		}
		return b
	}
	pass("")
	for range 98 {
		mine()
	}
	pass("")
	mine() // Height 100: the next block may spend the coinbase of block 1.
	b := pass(payout.BatchSigned)
	at := mine()
	if len(at.Transactions) != 2 || at.Transactions[1].ID != b.ID || at.Height != 101 {
		t.Fatalf("block %d has %d transactions", at.Height, len(at.Transactions))
	}
	if b := pass(payout.BatchMined); *b.Block != at.Hash() {
		t.Errorf("mined in %s", b.Block.String())
	}
	for range 100 {
		mine()
	}
	pass(payout.BatchPaid)
	o, _, err := books.Owner(owner)
	if out := at.Transactions[1].Outputs[0]; err != nil || o.Paid != 40_837_500_000 || out.Amount != o.Paid || o.Payable+o.Transit != 0 {
		t.Errorf("%+v, %v", o, err)
	}
}

package payout

import (
	"context"
	"crypto/sha3"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// till pays owners on a chain in memory.
type till struct {
	t     testing.TB
	chain *fakeChain
	books *Books
	out   *Outbox
	every uint64
	valid uint64
	// hand has batches signed by hand; answer is what a submit answers; lost has it go nowhere.
	hand   bool
	payee  []byte // of blocks that are split
	answer error
	lost   bool
	news   []News
	dues   map[string]uint64 // what blocks were worth, on the main chain or not
}

const leastDue = 100_000_000

func newTill(t testing.TB, path string) *till {
	x := &till{t: t, chain: newChain(t), books: open(t, path), every: 1, valid: 400, payee: program(1), dues: make(map[string]uint64)}
	_, err := x.books.SetPolicy(Policy{Scheme: Solo, Least: leastDue})
	must(t, err)
	x.restart()
	return x
}

// restart is what a new process knows.
func (x *till) restart() {
	var signer Signer = fakeSigner{}
	if x.hand {
		signer = nil
	}
	x.out = NewOutbox(OutboxConfig{
		Books: x.books, Chain: tillChain{x.chain, x}, Signer: signer, Program: ownerProgram, Every: x.every,
		Tell: func(n News) { x.news = append(x.news, n) },
	})
	x.out.valid = x.valid
}

// tillChain is the chain with what a submit may answer.
type tillChain struct {
	*fakeChain
	*till
}

func (c tillChain) Submit(tx *types.Tx) error {
	if !c.lost {
		must(c.till.t, c.fakeChain.Submit(tx))
	}
	return c.answer
}

// fakeSigner puts something where signatures are.
type fakeSigner struct{}

func (fakeSigner) Sign(_ context.Context, b Batch) (*types.Tx, error) {
	tx, err := TxOf(b.Unsigned)
	if err != nil {
		return nil, err
	}
	for i := range tx.Inputs {
		tx.SetInputArguments(uint32(i), [][]byte{make([]byte, 64), make([]byte, 32)})
	}
	return tx, nil
}

// ownerProgram is the program of an owner; names that begin with "bad" have none.
func ownerProgram(owner string) ([]byte, error) {
	if owner[:3] == "bad" {
		return nil, fmt.Errorf("owner %q is no address", owner)
	}
	hash := sha3.Sum256([]byte(owner))
	return append([]byte{0, 20}, hash[:20]...), nil
}

// settle finds a block that is split between owners.
func (x *till) settle(amount uint64, owners ...string) *types.Block {
	x.t.Helper()
	block := x.chain.mine(x.payee)
	slices.Sort(owners)
	var parts []Part
	for _, o := range owners {
		parts = append(parts, Part{Owner: o, Amount: amount})
		x.dues[o] += amount
	}
	must(x.t, x.books.update("settle", func(w *writer) error { return w.settle(manifestFor(x.t, block, 1_000_000_000, parts...)) }))
	return block
}

// step is a pass of all that follows the chain.
func (x *till) step() {
	x.t.Helper()
	must(x.t, x.books.Follow(x.chain))
	must(x.t, x.out.Step(x.t.Context()))
	must(x.t, x.books.Recount())
}

// mine puts what waits in the pool into a block, as far as it can be spent.
func (x *till) mine() *types.Block {
	var txs []*types.Tx
	height, _ := x.chain.Best()
	for _, tx := range x.chain.pool {
		if _, _, ok := x.chain.place(tx.ID); !ok && x.unspent(tx) && tx.TimeRange > height {
			txs = append(txs, tx)
		}
	}
	return x.chain.mine([]byte{0x51}, txs...)
}

func (x *till) unspent(tx *types.Tx) bool {
	for _, id := range tx.SpentOutputIDs {
		if ok, _ := x.chain.Unspent(id); !ok {
			return false
		}
	}
	return true
}

// askedChain calls something when it is first asked for an output.
type askedChain struct {
	*fakeChain
	first func()
}

func (c *askedChain) Unspent(output bc.Hash) (bool, error) {
	if first := c.first; first != nil {
		c.first = nil
		first()
	}
	return c.fakeChain.Unspent(output)
}

// received is what an owner has of transactions of the main chain, and how many these are.
func (x *till) received(owner string) (amount uint64, times int) {
	want, err := ownerProgram(owner)
	must(x.t, err)
	for _, hash := range x.chain.main {
		for _, tx := range x.chain.blocks[hash].Transactions[1:] {
			for _, out := range tx.Outputs {
				if string(out.ControlProgram) == string(want) {
					amount, times = amount+out.Amount, times+1
				}
			}
		}
	}
	return amount, times
}

// paidOnce holds that each owner has what blocks were worth, by one payment, and that the
// books say so and have the money that the chain has.
func (x *till) paidOnce(times int) {
	x.t.Helper()
	for owner, due := range x.dues {
		o, _, err := x.books.Owner(owner)
		must(x.t, err)
		if owner[:3] == "bad" {
			if o.Payable != due || o.Held == "" {
				x.t.Errorf("%s: %+v, expected %d due and held", owner, o, due)
			}
			continue
		}
		amount, got := x.received(owner)
		if amount != due || got != times || o.Paid != due || o.Payable+o.Transit+o.Provisional+o.Overpaid != 0 {
			x.t.Errorf("%s has %d neu by %d payments, expected %d by %d; books: %+v", owner, amount, got, due, times, o)
		}
	}
	x.balanced()
}

// balanced holds the books to the chain's money at the payee.
func (x *till) balanced() {
	x.t.Helper()
	must(x.t, x.books.Recount())
	funds, err := x.books.Funds()
	must(x.t, err)
	worth := uint64(0)
	for _, f := range funds {
		if unspent, _ := x.chain.Unspent(f.Output); unspent {
			worth += f.Amount
		}
	}
	balances, err := x.books.Balances()
	must(x.t, err)
	if balances[Spendable] != int64(worth) {
		x.t.Errorf("the books have %d neu to spend, the chain %d", balances[Spendable], worth)
	}
}

func (x *till) state(want ...BatchState) Batch {
	x.t.Helper()
	all, err := x.books.Batches()
	must(x.t, err)
	var got []BatchState
	for _, b := range all {
		got = append(got, b.State)
	}
	if !slices.Equal(got, want) {
		x.t.Fatalf("batches are %q, expected %q", got, want)
	}
	if len(all) == 0 {
		return Batch{}
	}
	return all[len(all)-1]
}

func (x *till) kinds() (kinds []string) {
	for _, n := range x.news {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

func hundred() (owners []string) {
	for i := range 99 {
		owners = append(owners, fmt.Sprintf("bm1q%02d", i))
	}
	return append(owners, "bad1")
}

// TestOutboxPays: a hundred owners, one of whom is invalid; by one transaction, once.
func TestOutboxPays(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.settle(2*leastDue, hundred()...)
	x.settle(leastDue/2, "bm1small")
	grow(x.chain, 97)
	x.step()
	x.state()
	grow(x.chain, 1)
	x.step()
	if b := x.state(BatchSigned); len(b.Payments) != 99 || len(b.Inputs) != 1 || len(x.chain.pool) != 1 {
		t.Fatalf("%d payments, %d inputs, %d in the pool", len(b.Payments), len(b.Inputs), len(x.chain.pool))
	}
	x.step()
	at := x.mine()
	x.step()
	if b := x.state(BatchMined); b.MinedAt != at.Height {
		t.Errorf("mined at %d", b.MinedAt)
	}
	grow(x.chain, 99)
	x.step()
	x.state(BatchMined)
	grow(x.chain, 1)
	x.step()
	x.state(BatchPaid)
	delete(x.dues, "bm1small")
	x.paidOnce(1)
	if got := x.kinds(); !slices.Equal(got, []string{NewsHeld, NewsPaid}) {
		t.Errorf("news %q", got)
	}
}

// TestOutboxWaits: from one payout to the next it is as many blocks as are asked for, over
// restarts.
func TestOutboxWaits(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.every = 150
	x.restart()
	x.settle(2*leastDue, "bm1a", "bm1b")
	grow(x.chain, 100)
	x.step()
	x.mine()
	first := x.state(BatchSigned).Height
	x.settle(2*leastDue, "bm1a", "bm1b")
	for {
		grow(x.chain, 1)
		x.restart()
		x.step()
		if all, _ := x.books.Batches(); len(all) == 2 {
			if b := all[1]; b.Height/150 != first/150+1 || b.Height%150 > 0 && b.Height < first+101 {
				t.Errorf("the first at %d, the second at %d", first, b.Height)
			}
			return
		}
		if h, _ := x.chain.Best(); h > first+320 {
			t.Fatal("no second payout")
		}
	}
}

// TestOutboxErrorIsUnknown: a submit that answers an error though it went through, and one
// that answers none though it did not.
func TestOutboxErrorIsUnknown(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.answer = errors.New("time-out")
	x.settle(2*leastDue, "bm1a", "bm1b")
	grow(x.chain, 100)
	x.step()
	x.restart()
	x.step()
	x.mine()
	grow(x.chain, 100)
	x.step()
	x.paidOnce(1)

	y := newTill(t, pathIn(t))
	y.lost = true
	y.settle(2*leastDue, "bm1a", "bm1b")
	grow(y.chain, 100)
	y.step()
	y.lost = false
	for range tryEvery {
		grow(y.chain, 1)
		y.step()
	}
	y.mine()
	grow(y.chain, 100)
	y.step()
	y.paidOnce(1)
}

// TestOutboxGivesUp: what no block has in time is due again once that is deep, and is paid by
// another transaction.
func TestOutboxGivesUp(t *testing.T) {
	x := newTill(t, pathIn(t))
	x.lost, x.valid = true, 40
	x.restart()
	x.settle(2*leastDue, "bm1a", "bm1b")
	grow(x.chain, 100)
	x.step()
	first := x.state(BatchSigned)
	for h, _ := x.chain.Best(); h < first.TimeRange+finalDepth-1; h++ {
		grow(x.chain, 1)
		x.step()
	}
	x.state(BatchSigned)
	x.lost = false
	grow(x.chain, 1)
	x.step()
	second := x.state(BatchGivenUp, BatchSigned)
	if !slices.Equal(second.Inputs, first.Inputs) {
		t.Error("other inputs")
	}
	x.mine()
	grow(x.chain, 100)
	x.step()
	x.paidOnce(1)
}

// TestASubmitsErrorIsLoggedOnce, and again where it is another one, or comes back.
func TestASubmitsErrorIsLoggedOnce(t *testing.T) {
	x := newTill(t, pathIn(t))
	var log strings.Builder
	x.out.Log = slog.New(slog.NewTextHandler(&log, nil))
	x.lost = true
	x.settle(2*leastDue, "bm1a", "bm1b")
	grow(x.chain, 100)
	for i, test := range []struct {
		answer error
		logged int
	}{{errors.New("no input"), 1}, {errors.New("no input"), 1}, {errors.New("time-out"), 2}, {errors.New("no input"), 3}, {nil, 3}, {errors.New("no input"), 4}} {
		x.answer = test.answer
		x.step()
		grow(x.chain, tryEvery)
		if n := strings.Count(log.String(), "a payout's submit gave an error"); n != test.logged {
			t.Errorf("%d: %d lines, expected %d", i, n, test.logged)
		}
	}
}

package payout

import (
	"errors"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc"
)

// dues are a pool with some coinbases that may be spent, each of which is A's.
func dues(t *testing.T, blocks int, feeBP uint32) *pool {
	p := newPool(t, Policy{Scheme: Solo, FeeBP: feeBP})
	for range blocks {
		p.share("bm1qa", quarter, 1)
		p.found(true)
	}
	grow(p.chain, 100)
	p.step()
	p.step() // What is settled may be payable at once.
	return p
}

func (p *pool) states(want ...FundState) {
	p.t.Helper()
	funds, err := p.books.Funds()
	must(p.t, err)
	for i, f := range funds {
		open := false
		if f.UsedBy != nil {
			b, err := p.books.Batch(*f.UsedBy)
			must(p.t, err)
			open = b.Open()
		}
		if len(want) != len(funds) || f.State != want[i] || f.State == FundStaged && !open || f.State == FundReady && f.UsedBy != nil {
			p.t.Fatalf("funds %+v, expected states %q, staged ones in an open batch", funds, want)
		}
	}
	p.verified()
}

// staged stages, and signs, a batch that spends all that is ready for one payment to A.
func (p *pool) staged(amount uint64) Batch {
	p.t.Helper()
	all, err := p.books.Funds()
	must(p.t, err)
	var ready []Fund
	for _, f := range all {
		if f.State == FundReady {
			ready = append(ready, f)
		}
	}
	b := batchOf(p.t, 500, 10, ready, []Payment{{"bm1qa", amount}})
	must(p.t, p.books.Stage(b))
	must(p.t, p.books.SetSigned(b.ID, b.Unsigned))
	return b
}

// paid has a batch mined and deep.
func (p *pool) paid(b Batch) {
	p.t.Helper()
	tx, err := b.Tx()
	must(p.t, err)
	block := p.chain.mine([]byte{0x51}, tx)
	must(p.t, p.books.Mined(b.ID, block.Hash(), block.Height))
	must(p.t, p.books.Paid(b.ID))
}

// TestWhatEndsABatchFreesItsInputs: given up, all of them; in a conflict those that nobody
// spent, and payouts are stopped.
func TestWhatEndsABatchFreesItsInputs(t *testing.T) {
	t.Parallel()
	p := dues(t, 2, 0)
	b := p.staged(1000)
	p.states(FundStaged, FundStaged)
	if err := p.books.GiveUp(b.ID, 500); !errors.Is(err, ErrBatchState) {
		t.Errorf("given up at the height of its time range: %v", err)
	}
	must(t, p.books.GiveUp(b.ID, 501))
	p.states(FundReady, FundReady)
	if err := p.books.Paid(b.ID); !errors.Is(err, ErrBatchState) {
		t.Errorf("paid after it was given up: %v", err)
	}
	b = p.staged(2000)
	funds, err := p.books.Funds()
	must(t, err)
	p.chain.mine([]byte{0x51}, spend(0, funds[:1], []Payment{{"x", funds[0].Amount}}, 0))
	must(t, p.books.Conflict(b.ID, "by hand", funds[0].Output))
	p.states(FundTaken, FundReady)
	balances(t, p.books, map[string]int64{Payable("bm1qa"): -2 * reward, Transit("bm1qa"): 0, Reserve: reward, Spendable: reward})
	if err := p.books.Stage(batchOf(t, 500, 10, funds[1:], []Payment{{"bm1qa", 1}})); !errors.Is(err, ErrStopped) || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("staged after a conflict: %v", err)
	}
	must(t, p.books.Resume())
	p.staged(3000)
	if s, err := p.books.Status(0); err != nil || s.Uncovered != reward || s.Transit != 3000 || s.Batches[BatchConflict] != 1 {
		t.Errorf("status %+v, %v, expected %d uncovered", s, err, uint64(reward))
	}
}

// TestAPaidBatchTakesWhatWasBuiltOnItsChangeAlong when it leaves the chain, and brings it back.
func TestAPaidBatchTakesWhatWasBuiltOnItsChangeAlong(t *testing.T) {
	t.Parallel()
	p := dues(t, 1, 0)
	first := p.staged(1000)
	p.paid(first)
	p.states(FundSpent, FundReady)
	second := p.staged(500)
	p.paid(second)
	p.states(FundSpent, FundSpent, FundReady)
	off := p.chain.rewind(2)
	must(t, p.books.Unmined(first.ID))
	p.states(FundStaged, FundAbsent, FundAbsent)
	balances(t, p.books, map[string]int64{Transit("bm1qa"): -1500, Spendable: reward, TxFee: 0})
	if b, err := p.books.Batch(second.ID); err != nil || b.State != BatchSigned || b.Block != nil {
		t.Errorf("the second batch is %+v, %v, expected it signed", b, err)
	}
	p.chain.back(off)
	for i, b := range []Batch{first, second} {
		must(t, p.books.Mined(b.ID, off[i].Hash(), off[i].Height))
		must(t, p.books.Paid(b.ID))
	}
	p.states(FundSpent, FundSpent, FundReady)
	balances(t, p.books, map[string]int64{Transit("bm1qa"): 0, Spendable: reward - 1520, TxFee: 20})
}

// TestStageRefuses what is not due, not there, or not what its transaction does.
func TestStageRefuses(t *testing.T) {
	t.Parallel()
	p := dues(t, 1, 100)
	funds, err := p.books.Funds()
	must(t, err)
	for want, change := range map[string]func(b *Batch){
		"to whom 40837500000 are due": func(b *Batch) { *b = batchOf(t, 500, 0, funds, []Payment{{"bm1qa", reward/100*99 + 1}}) },
		"to whom 0 are due":           func(b *Batch) { *b = batchOf(t, 500, 0, funds, []Payment{{"bm1qb", 1}}) },
		"no such fund":                func(b *Batch) { f := funds[0]; f.SourcePos++; f.Output = bc.Hash{}; *b = strange(t, f) },
		"other inputs":                func(b *Batch) { b.Inputs = nil },
		"outputs have":                func(b *Batch) { b.Payments = []Payment{{"bm1qa", 2}} },
		"time range":                  func(b *Batch) { b.TimeRange++ },
		"sum to":                      func(b *Batch) { b.Fee++ },
	} {
		b := batchOf(t, 500, 10, funds, []Payment{{"bm1qa", 1}})
		change(&b)
		if err := p.books.Stage(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, expected %q", err, want)
		}
	}
	p.states(FundReady)
}

// strange is a batch of a fund that payouts never had.
func strange(t *testing.T, f Fund) Batch {
	b := batchOf(t, 500, 10, []Fund{f}, []Payment{{"bm1qa", 1}})
	tx, err := b.Tx()
	must(t, err)
	b.Inputs = tx.SpentOutputIDs
	return b
}

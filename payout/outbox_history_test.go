package payout

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// TestOutboxHistories: blocks found, lost and back, payouts mined, lost and given up, restarts,
// submits that lie and coinbases spent by hand, by chance. After each step the books add up;
// in the end nobody has got a neu more than by the blocks of the main chain, and all but what
// was spent by hand is paid.
func TestOutboxHistories(t *testing.T) {
	t.Parallel()
	runs := uint64(4)
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		runs = 200
	}
	paid := 0
	for seed := range runs {
		h := &history{till: newTill(t, pathIn(t)), rand: rand.New(rand.NewPCG(seed, 7))}
		h.valid = uint64(30 + h.rand.IntN(200))
		h.every = uint64(1 + h.rand.IntN(60))
		h.restart()
		for range 120 {
			h.act()
		}
		if paid += h.end(); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if paid == 0 {
		t.Error("nobody was ever paid")
	}
}

type history struct {
	*till
	rand   *rand.Rand
	byHand bool
}

// act does one random thing, of those that leave no more than a hundred blocks behind.
func (h *history) act() {
	switch n := h.rand.IntN(100); {
	case n < 15:
		h.settle(uint64(1+h.rand.IntN(8))*leastDue/2, fmt.Sprintf("bm1%d", h.rand.IntN(3)), fmt.Sprintf("bm1q%d", h.rand.IntN(4)))
	case n < 45:
		grow(h.chain, 1+h.rand.IntN(40))
	case n < 75:
		h.till.mine()
	case n < 82:
		h.reorganise()
	case n < 88:
		h.restart()
	case n < 92:
		clear(h.chain.pool)
	case n < 94:
		h.spendByHand()
	default:
		h.lost, h.answer = h.rand.IntN(2) == 0, nil
		if h.rand.IntN(2) == 0 {
			h.answer = errors.New("time-out")
		}
	}
	must(h.t, h.books.Follow(h.chain))
	// The settler's next pass knows what a block in between has done.
	_ = h.out.Step(h.t.Context())
	must(h.t, h.books.Recount())
}

// reorganise takes blocks off and puts others there, and at times the old ones back. What is
// spent in these is not in the pool again by itself.
func (h *history) reorganise() {
	best, _ := h.chain.Best()
	off := h.chain.rewind(int(min(best, uint64(1+h.rand.IntN(90)))))
	grow(h.chain, 1+h.rand.IntN(len(off)+2))
	if h.rand.IntN(2) == 0 {
		must(h.t, h.books.Follow(h.chain))
		_ = h.out.Step(h.t.Context())
		now, _ := h.chain.Best()
		h.chain.rewind(int(now - (best - uint64(len(off)))))
		h.chain.back(off)
	}
}

// spendByHand spends a fund that may be a payout's.
func (h *history) spendByHand() {
	funds, err := h.books.Funds()
	must(h.t, err)
	for _, f := range funds {
		if ok, _ := h.chain.Unspent(f.Output); ok && (f.State == FundReady || f.State == FundStaged) {
			h.byHand = true
			h.chain.mine([]byte{0x51}, spend(0, []Fund{f}, nil, f.Amount-1000))
			return
		}
	}
}

// end has all paid, and holds the owners to the chain. It is how many were paid.
func (h *history) end() (paid int) {
	h.lost, h.answer = false, nil
	for range 12 {
		must(h.t, h.books.Resume())
		h.restart()
		must(h.t, h.books.Follow(h.chain))
		must(h.t, h.out.Step(h.t.Context()))
		h.till.mine()
		grow(h.chain, 100)
	}
	h.step()
	credits, err := h.books.Credits()
	must(h.t, err)
	due := make(map[string]uint64)
	for _, c := range credits {
		if c.State == CreditReversed {
			continue
		}
		m, err := h.books.Manifest(c.Block)
		must(h.t, err)
		for _, p := range m.Parts {
			due[p.Owner] += p.Amount
		}
	}
	for owner := range h.dues {
		o, _, err := h.books.Owner(owner)
		must(h.t, err)
		got, _ := h.received(owner)
		if got != o.Paid || got+o.Payable+o.Transit+o.Provisional != due[owner]+o.Overpaid {
			h.t.Errorf("%s has %d neu for blocks of %d; books: %+v", owner, got, due[owner], o)
		}
		if o.Transit > 0 || o.Payable >= leastDue && !h.byHand {
			h.t.Errorf("%s is not paid: %+v", owner, o)
		}
		if got > 0 {
			paid++
		}
	}
	h.balanced()
	return paid
}

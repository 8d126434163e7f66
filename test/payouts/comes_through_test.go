package payouts_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestPaymentsComeThrough has one node live through what can befall payments. It is killed
// while rigs find blocks, and while owners are paid; a payment is signed elsewhere, and another
// one's block reorganised away; a coinbase is spent by hand. At each turn the books are right, and
// no owner is paid twice.
func TestPaymentsComeThrough(t *testing.T) {
	t.Parallel()
	p, holder := newPoolWithoutKey(t)
	p.step("found", func() { p.findThroughKills(10, 2) })
	height, err := p.Height()
	if err != nil {
		t.Fatal(err)
	}
	p.step("mined", func() { p.mine(100 - int(height)) }) // The first coinbase can be spent.
	p.step("signed elsewhere", func() { p.signElsewhere(holder) })
	p.Stop()
	p.takeKey(holder)
	rival := p.twin()
	p.again("--payout.password-file", passwordFile(t))
	p.step("reorganised", func() { p.reorganise(rival, 1, func(blocks int) { mine(t, rival, blocks) }) })
	p.step("spent by hand", p.takeByHand)
	p.step("killed", func() { p.payThroughKills(3) })
	p.check()
	p.exports(t)
}

// step does something and tells how long it took.
func (p *pool) step(name string, do func()) {
	start := time.Now()
	p.t.Logf("%s: begins", name)
	do()
	p.t.Logf("%s: %v", name, time.Since(start).Round(time.Millisecond))
}

// findThroughKills has rigs find blocks, and kills the node now and then while they do.
func (p *pool) findThroughKills(blocks, kills int) {
	p.t.Helper()
	stop := p.hash(5)
	defer stop()
	for i := range kills {
		p.awaitBlocks(blocks*(i+1)/(kills+1), 5*time.Minute)
		p.Kill()
		p.again()
	}
	p.awaitBlocks(blocks, 5*time.Minute)
}

// payThroughKills has the node pay at each block, and kills it while it does, until all that can
// be paid is.
func (p *pool) payThroughKills(kills int) {
	p.t.Helper()
	p.Kill()
	p.again("--payout.every", "1")
	for i := range kills {
		p.mine(1)                                            // One more coinbase can be spent.
		time.Sleep(time.Duration(i) * 10 * time.Millisecond) // Not at the same step each time.
		p.Kill()
		p.again()
	}
	testnet.Wait(p.t, 2*time.Minute, func() error {
		p.mine(1)
		s, err := p.stats()
		if st := s.Status; err != nil || st.Batches[payout.BatchStored]+st.Batches[payout.BatchSigned] > 0 || st.Funds[payout.FundReady] > 0 || st.Immature > 0 {
			return fmt.Errorf("not paid yet: %+v, %w", st, err)
		}
		return nil
	})
}

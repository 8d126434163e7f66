package payouts_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestOwnersArePaid has six owners of unlike rigs find blocks, and be paid for them: each
// scheme's books are right to the last neu, and so is what the owners have.
func TestOwnersArePaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scheme string
		args   []string
	}{
		{"pplns", nil}, {"dgm", []string{"--payout.c", "0.1", "--payout.o", "0.9"}}, {"pps", []string{"--payout.reserve", "100000"}}, {"solo", nil},
	} {
		t.Run(c.scheme, func(t *testing.T) {
			p := newPool(t, c.scheme, c.args...)
			p.awaitBlocksOf(5, 8)
			p.awaitPaid(10 * time.Minute)
			p.check()
			p.exports(t)
		})
	}
}

// TestOwnersArePaidBesideAStockNode has pplns pay for 60 blocks by real hashes, beside a stock node
// that takes each payment.
func TestOwnersArePaidBesideAStockNode(t *testing.T) {
	if !long() {
		t.Skip("the stock node takes a second a block: BYTOM_SOLO_LONG=1 runs it; TestOwnersArePaid has each scheme without one")
	}
	p := startPoolOf(t, testnet.NodeOptions{}, harness.NewSolver(t), payout.PPLNS, "--payout.every", "1", "--payout.password-file", passwordFile(t))
	harness.MakeAccount(t, p.Node)
	stock := testnet.Start(t, testnet.NodeOptions{Stock: true})
	stock.Connect(p.Node)
	p.awaitBlocksOf(0.2, 60)
	p.awaitPaid(10 * time.Minute)
	testnet.WaitSameTip(p.Node, stock, 20*time.Minute)
	p.check(stock)
	p.exports(t)
}

// TestFiftyKillsPayNobodyTwice kills the node while rigs find blocks and owners are paid. Whenever
// that is, each owner is paid once, and the books are right.
func TestFiftyKillsPayNobodyTwice(t *testing.T) {
	if !long() {
		t.Skip("it takes minutes: BYTOM_SOLO_LONG=1 runs it; TestPaymentsComeThrough has some kills")
	}
	p := newPool(t, "pplns", "--payout.every", "3")
	p.awaitBlocksOf(0.5, 3)
	p.mine(101) // What was found is due, and being paid from now on.
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 50 {
		stop := p.hash(0.5)
		p.awaitBlocks(3+2*(i+1), 5*time.Minute)
		if i%2 == 0 { // Or else the rigs send shares as it dies.
			stop()
		}
		p.mine(1)
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond) // Not at the same step each time.
		p.Kill()
		stop()
		p.again()
	}
	p.awaitPaid(10 * time.Minute)
	p.check()
	p.exports(t)
}

// TestWithoutAPassword has payments wait, and be signed by the wallet's own route.
func TestWithoutAPassword(t *testing.T) {
	t.Parallel()
	p := newPool(t, "pplns", "--payout.password-file", "")
	p.awaitBlocksOf(5, 3)
	signed := 0
	p.awaitPaid(5*time.Minute, func() { signed += p.signAll() })
	if signed == 0 {
		t.Error("no payment waited to be signed")
	}
	p.check()
}

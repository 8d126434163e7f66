package payouts_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// spend has the node's wallet spend the coinbase of a block that was split, by hand, to an
// address that no owner has, and gives the transaction to a node.
func (p *pool) spend(block node.PayoutBlock, at *testnet.Node) {
	p.t.Helper()
	var e node.PayoutExplanation
	call := func(route string, in, out any) {
		p.t.Helper()
		if err := p.Call(route, in, out); err != nil {
			p.t.Fatal(err)
		}
	}
	call(node.ExplainPayoutRoute, node.PayoutBlockRequest{Block: block.Hash}, &e)
	if _, err := p.Client().WaitWallet(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	var to testnet.Address
	call("/create-account-receiver", map[string]string{"account_alias": "a"}, &to)
	var template json.RawMessage
	call("/build-transaction", map[string]any{"actions": []testnet.Action{
		{"type": "spend_account_unspent_output", "output_id": e.Coinbase},
		testnet.PayAddress(to.Address, testnet.BTM, block.Reward-testnet.DefaultFee),
	}}, &template)
	var signed struct {
		Transaction struct {
			Raw string `json:"raw_transaction"`
		} `json:"transaction"`
	}
	call("/sign-transaction", map[string]any{"password": "p", "transaction": template}, &signed)
	if err := at.Call("/submit-transaction", map[string]string{"raw_transaction": signed.Transaction.Raw}, nil); err != nil {
		p.t.Fatal(err)
	}
}

// takeByHand has the operator spend a coinbase that payouts would have used next. They stop, and
// go on when told to; owners are not paid twice for that, and are still owed what it was worth.
func (p *pool) takeByHand() {
	p.t.Helper()
	s, err := p.stats()
	slices.Reverse(s.Blocks) // The oldest: the wallet thinks a reward immature that the next block may spend.
	i := slices.IndexFunc(s.Blocks, func(b node.PayoutBlock) bool { return b.Stage == "payable" })
	if err != nil || i < 0 {
		p.t.Fatalf("no block's reward can be spent: %+v, %v", s.Blocks, err)
	}
	taken := s.Blocks[i]
	p.spend(taken, p.Node)
	p.mine(1)
	p.awaitStop("was spent by a transaction that these books don't have")
	if s, err := p.stats(); err != nil || !slices.ContainsFunc(s.Blocks, func(b node.PayoutBlock) bool { return b.Hash == taken.Hash && b.Stage == "withdrawn" }) {
		p.t.Errorf("block %d is not shown as spent: %+v, %v", taken.Height, s.Blocks, err)
	}
	p.check()
	if out, err := p.try("pay"); err == nil || !strings.Contains(out, "payouts are stopped") {
		p.t.Errorf("pay: %v, %s", err, out)
	}
	p.resume()
	if s, err := p.stats(); err != nil || s.Status.Stopped != "" || s.Status.Uncovered != int64(taken.Reward)-s.Status.Fees {
		p.t.Errorf("behind 'payouts resume': %+v, %v", s.Status, err)
	}
	p.mineBatch(p.pay(payout.BatchSigned).ID)
	p.check()
}

// TestARewardOfAPaymentIsSpentByHand has the operator spend a coinbase that a payment spends as
// well, and another node's block have his transaction. Once it is deep, the payment's owners are paid out of
// what is left of its coinbases, once.
func TestARewardOfAPaymentIsSpentByHand(t *testing.T) {
	t.Parallel()
	p := newPool(t, payout.PPLNS, "--payout.every", "100000")
	p.awaitBlocksOf(5, 4)
	p.mine(101)
	rival := p.follower()
	contested := p.pay(payout.BatchSigned).ID
	s, err := p.stats()
	i := slices.IndexFunc(s.Blocks, func(b node.PayoutBlock) bool { return b.Stage == "in transit" })
	if err != nil || i < 0 {
		t.Fatalf("%+v, %v", s.Blocks, err)
	}
	taken := s.Blocks[i]
	p.spend(taken, rival)
	mine(t, rival, 1)
	rival.Connect(p.Node)
	testnet.WaitSameTip(p.Node, rival, time.Minute)
	p.awaitStop("spent 1 of its inputs")
	p.resume()
	p.Kill()
	p.again()
	p.mine(101)
	p.awaitBatch(payout.BatchConflict, is(contested))
	if s, err := p.stats(); err != nil || s.Status.Stopped != "" || s.Status.Uncovered != int64(taken.Reward)-s.Status.Fees {
		t.Errorf("stopped again by what the operator knows: %+v, %v", s.Status, err)
	}
	p.check()
	p.mineBatch(p.pay(payout.BatchSigned).ID)
	p.check()
	p.exports(t)
}

// awaitStop waits until payouts are stopped, and all that should say why does.
func (p *pool) awaitStop(why string) {
	p.t.Helper()
	testnet.Wait(p.t, time.Minute, func() error {
		s, err := p.stats()
		if err != nil || !strings.Contains(s.Status.Stopped, why) {
			return fmt.Errorf("not stopped as %s: %+v, %w", why, s, err)
		}
		return nil
	})
	if out := p.command("status"); !strings.Contains(out, why) {
		p.t.Errorf("status: %s", out)
	}
	testnet.Wait(p.t, time.Minute, func() error {
		resp, err := http.Get(p.URL + node.StatusRoute)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var all node.Stats
		if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
			return err
		}
		if !slices.ContainsFunc(all.Faults, func(f node.Fault) bool { return f.ID == "payouts-stopped" && strings.Contains(f.Do, "payouts resume") }) {
			return fmt.Errorf("the faults are %+v", all.Faults)
		}
		return nil
	})
}

// resume has payouts go on.
func (p *pool) resume() {
	p.t.Helper()
	if said := p.command("resume"); !strings.Contains(said, "payouts go on") || strings.Contains(said, "\nstopped") {
		p.t.Errorf("resume: %s", said)
	}
}

package payouts_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// spend has the node's wallet spend the coinbase of a block that was split, by hand, to an
// address that no owner has. It returns the transaction's id.
func (p *pool) spend(block node.PayoutBlock) string {
	p.t.Helper()
	var e node.PayoutExplanation
	if err := p.Call(node.ExplainPayoutRoute, node.PayoutBlockRequest{Block: block.Hash}, &e); err != nil {
		p.t.Fatal(err)
	}
	account := testnet.Account{Client: p.Client(), Alias: "a", Password: "p"}
	to, err := account.NewAddress(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	tx, err := account.Transact(p.t.Context(), testnet.Action{"type": "spend_account_unspent_output", "output_id": e.Coinbase},
		testnet.PayAddress(to.Address, testnet.BTM, block.Reward-testnet.DefaultFee))
	if err != nil {
		p.t.Fatal(err)
	}
	return tx.ID.String()
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
	id, taken := p.spend(s.Blocks[i]), s.Blocks[i]
	p.mine(1)
	p.awaitStop(taken)
	p.check()
	if out, err := p.try("pay"); err == nil || !strings.Contains(out, "payouts are stopped") {
		p.t.Errorf("with %s: %v, %s", id, err, out)
	}
	p.resume()
	if s, err := p.stats(); err != nil || s.Status.Stopped != "" || s.Status.Uncovered != int64(taken.Reward)-s.Status.Fees {
		p.t.Errorf("behind 'payouts resume': %+v, %v", s.Status, err)
	}
	p.mineBatch(p.pay(payout.BatchSigned).ID)
	p.check()
}

// awaitStop waits until payouts are stopped, and all that should say so does.
func (p *pool) awaitStop(taken node.PayoutBlock) {
	p.t.Helper()
	testnet.Wait(p.t, time.Minute, func() error {
		s, err := p.stats()
		i := slices.IndexFunc(s.Blocks, func(b node.PayoutBlock) bool { return b.Hash == taken.Hash && b.Stage == "withdrawn" })
		if err != nil || s.Status.Stopped == "" || i < 0 {
			return fmt.Errorf("not stopped by the block at height %d: %+v, %w", taken.Height, s, err)
		}
		return nil
	})
	if out := p.command("status"); !strings.Contains(out, "was spent by a transaction that these books don't have") {
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

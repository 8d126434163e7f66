package payouts_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// pay has the node pay what is due now, and waits until that payment is in a state.
func (p *pool) pay(state payout.BatchState) node.PayoutBatch {
	p.t.Helper()
	var before node.PayoutStats
	testnet.Wait(p.t, time.Minute, func() (err error) { // The books are a moment behind the chain.
		if before, err = p.stats(); err == nil && before.Status.Due == 0 {
			err = fmt.Errorf("nothing is due: %+v", before.Status)
		}
		return err
	})
	if said := p.command("pay"); !strings.Contains(said, "transaction 1") {
		p.t.Fatalf("pay: %s", said)
	}
	known := make(map[string]bool)
	for _, b := range before.Batches {
		known[b.ID] = true
	}
	return p.awaitBatch(state, func(b node.PayoutBatch) bool { return !known[b.ID] })
}

// awaitBatch waits until a payment is in a state.
func (p *pool) awaitBatch(state payout.BatchState, which func(node.PayoutBatch) bool) (b node.PayoutBatch) {
	p.t.Helper()
	testnet.Wait(p.t, time.Minute, func() error {
		s, err := p.stats()
		i := slices.IndexFunc(s.Batches, func(b node.PayoutBatch) bool { return b.State == state && which(b) })
		if err != nil || i < 0 {
			return fmt.Errorf("the payment is not %s: %+v, %w", state, s.Batches, err)
		}
		b = s.Batches[i]
		return nil
	})
	return b
}

// is matches the payment of an id.
func is(id string) func(node.PayoutBatch) bool {
	return func(b node.PayoutBatch) bool { return b.ID == id }
}

// mineBatch waits until a payment is in the pool of transactions, and mines it.
func (p *pool) mineBatch(id string) node.PayoutBatch {
	p.t.Helper()
	testnet.Wait(p.t, time.Minute, func() error {
		ids, err := p.Client().Pool(p.t.Context())
		if err != nil || !slices.Contains(ids, id) {
			return fmt.Errorf("the pool does not have payment %s: %q, %w", id, ids, err)
		}
		return nil
	})
	p.mine(1)
	return p.awaitBatch(payout.BatchMined, is(id))
}

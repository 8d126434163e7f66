package table

import (
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
)

// expectLines reports what a table lacks, whatever its columns' width.
func expectLines(t *testing.T, got string, want ...string) {
	t.Helper()
	got = strings.Join(strings.Fields(got), " ")
	for _, text := range want {
		if !strings.Contains(got, text) {
			t.Errorf("%q is not in %s", text, got)
		}
	}
}

// TestPayouts says what is owed, was paid and waits, when the next payment is, and what of a
// block is the operator's.
func TestPayouts(t *testing.T) {
	s := node.PayoutStats{
		ByHand: true, Every: 576, NextAt: 1152, Status: payout.Status{
			Policy: payout.Policy{Scheme: payout.PPLNS, Least: 1e8}, Paid: 5_00000001, Batches: map[payout.BatchState]int{payout.BatchStored: 2},
		},
		Blocks: []node.PayoutBlock{{Height: 7, Scheme: payout.PPLNS, Reward: 41250000000, Fee: 412500000, Rest: 1, Own: 2, Owners: 3, Stage: "payable"}},
	}
	print := func() string {
		var out strings.Builder
		if err := Payouts(&out, s); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	expectLines(t, print(), "next payment at height 1152; each 576 blocks owners are paid", "paid 5.00000001 BTM",
		"a payment waits for its signature: 'bytom-solo payouts sign'", "pplns 3 412.50000000 BTM 4.12500003 BTM payable")
	s.NextAt = 0
	expectLines(t, print(), "no payment, as nothing is due")
	s.Status.Stopped = "a test"
	expectLines(t, print(), "no payment while payouts are stopped")
}

// TestExplanation: no part of the block is made up where the scheme has no weights, and what
// makes amounts differ from work is said.
func TestExplanation(t *testing.T) {
	e := node.PayoutExplanation{PayoutBlock: node.PayoutBlock{Own: 5}, Policy: payout.Policy{Scheme: payout.DGM}, Reasons: []node.PayoutReason{{Owner: "a", Shares: 1, OfWork: 0.5}}}
	print := func() string {
		var out strings.Builder
		if err := Explanation(&out, e); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	expectLines(t, print(), "50.0000 % - -", "by the scores", "0.00000005 BTM of that are the operator's too, by shares of his own")
	e.Policy.Scheme = payout.PPLNS
	e.Reasons[0].OfBlock, e.Reasons[0].Exact = 0.25, "1.5"
	expectLines(t, print(), "50.0000 % 25.0000 % 1.5", "the share that won counts half")
}

package node

import (
	"math/big"

	"github.com/bytom-solo/bytom-solo/payout"
)

// PayoutExplanation is how a block was split and why. Amounts are in neu, 10^-8 BTM; what may
// be too large for a program's numbers is a text.
type PayoutExplanation struct {
	PayoutBlock
	Finder string        `json:"finder"`
	Policy payout.Policy `json:"policy"`
	// Winner is the owner of the share that made the block, empty for the operator. That is
	// number Share of the ledger, whose identity is Ledger; with Virtual it is not in there, and
	// stands behind that one.
	Winner  string `json:"winner"`
	Share   uint64 `json:"share"`
	Virtual bool   `json:"virtual"`
	Ledger  string `json:"ledger"`
	// First and Last are the oldest and the newest share that count, none where First is above
	// Last; Digest is the SHA-256 over all of them. Blocks is their work in expected blocks.
	First  uint64  `json:"first"`
	Last   uint64  `json:"last"`
	Digest string  `json:"digest"`
	Blocks float64 `json:"expected_blocks"`
	// Weight is what the owners' weights come to.
	Weight  string         `json:"weight"`
	Reasons []PayoutReason `json:"parts"`
	// Coinbase is the output that pays, Former the hash of the manifest before.
	Coinbase string `json:"coinbase"`
	Former   string `json:"former"`
}

// PayoutReason is why an owner gets what it gets of a block.
type PayoutReason struct {
	// Owner is empty for the operator.
	Owner  string `json:"owner"`
	Amount uint64 `json:"amount"`
	// Shares is how many there were, Work their sum in 2^-64 of an expected block, Blocks the
	// same in blocks, and OfWork in parts of all.
	Shares uint64  `json:"shares"`
	Work   string  `json:"work"`
	Blocks float64 `json:"expected_blocks"`
	OfWork float64 `json:"of_work"`
	// Weight is the owner's part of the explanation's, OfBlock the same as a part of 1, Exact in
	// neu with nine decimals, and Rounding what Amount differs from that.
	Weight   string  `json:"weight"`
	OfBlock  float64 `json:"of_block"`
	Exact    string  `json:"exact,omitempty"`
	Rounding string  `json:"rounding,omitempty"`
}

// ExplainPayout is an explanation for programs of any language.
func ExplainPayout(e payout.Explanation) PayoutExplanation {
	x := PayoutExplanation{
		PayoutBlock: payoutBlock(e), Finder: e.Finder, Policy: e.Policy, Winner: e.Winner, Share: e.Share, Virtual: e.Virtual, Ledger: e.Ledger,
		First: e.First, Last: e.Last, Digest: e.Digest.String(), Blocks: e.Blocks, Weight: numberText(e.Weight),
		Reasons: []PayoutReason{}, Coinbase: e.Coinbase.Output.String(), Former: e.Former.String(),
	}
	for _, r := range e.Reasons {
		x.Reasons = append(x.Reasons, PayoutReason{
			Owner: r.Owner, Amount: r.Amount, Shares: r.Shares, Work: numberText(r.Work), Blocks: r.Blocks, OfWork: r.OfWork,
			Weight: numberText(r.Weight), OfBlock: r.OfBlock, Exact: r.Exact, Rounding: r.Rounding,
		})
	}
	return x
}

// numberText is a number in digits; none is 0.
func numberText(n *big.Int) string {
	if n == nil {
		return "0"
	}
	return n.String()
}

package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/bytom-solo/bytom-solo/payout"
)

// The routes of payments for commands.
const (
	// PreviewPayoutsRoute answers with a PayoutPreview.
	PreviewPayoutsRoute = "/preview-payouts"
	// PayPayoutsRoute has what is due be paid now, and answers with the PayoutPreview of it.
	PayPayoutsRoute = "/pay-payouts"
	// UnsignedPayoutsRoute answers with a list of UnsignedPayouts.
	UnsignedPayoutsRoute = "/list-unsigned-payouts"
	// SignPayoutRoute takes a SignedPayout, and answers with the PayoutBatch.
	SignPayoutRoute = "/sign-payout"
	// ResumePayoutsRoute has owners be paid again after what stopped that.
	ResumePayoutsRoute = "/resume-payouts"
)

// PayoutPreview is what would be paid now. Amounts are in neu.
type PayoutPreview struct {
	// Stopped is why nothing is paid; empty if it is.
	Stopped string `json:"stopped"`
	// Batches are the transactions, Held the owners that can't be paid, and Unpaid what is due
	// and not covered by what can be spent.
	Batches []PreviewBatch `json:"batches"`
	Held    []payout.Owner `json:"held"`
	Unpaid  uint64         `json:"unpaid"`
}

// PreviewBatch is a transaction that would pay owners.
type PreviewBatch struct {
	Inputs   int              `json:"inputs"`
	Payments []payout.Payment `json:"payments"`
	Amount   uint64           `json:"amount"`
	Fee      uint64           `json:"fee"`
	Change   uint64           `json:"change"`
}

// UnsignedPayout is a payment that waits for its signatures, and the template that
// sign-transaction of a node takes that has the key. Why no template was made is in Reason.
type UnsignedPayout struct {
	PayoutBatch
	Template json.RawMessage `json:"template,omitempty"`
	Reason   string          `json:"reason,omitempty"`
}

// SignedPayout is what was signed elsewhere: the raw transaction in hexadecimal, or the whole
// answer of sign-transaction as a text.
type SignedPayout struct {
	ID     string `json:"id"`
	Signed string `json:"signed"`
}

// preview says what would be paid now.
func (p *payouts) preview() (PayoutPreview, error) {
	found, err := p.outbox.Preview()
	v := PayoutPreview{Stopped: found.Stopped, Batches: []PreviewBatch{}, Held: append([]payout.Owner{}, found.Held...), Unpaid: found.Unpaid}
	for _, b := range found.Batches {
		batch := payoutBatch(b)
		v.Batches = append(v.Batches, PreviewBatch{len(b.Inputs), b.Payments, batch.Amount, b.Fee, batch.Change})
	}
	return v, err
}

// payNow has what is due be paid without waiting for its time.
func (n *Node) payNow(p *payouts, _ *http.Request) (any, error) {
	if !p.on {
		return nil, errors.New("payouts are off: payout.scheme turns them on")
	}
	v, err := p.preview()
	if err == nil && v.Stopped != "" {
		err = fmt.Errorf("payouts are stopped: %s", v.Stopped)
	}
	if err == nil {
		p.outbox.PayNow()
		n.payoutNews()
	}
	return v, err
}

var errNoWallet = errors.New("this node has no wallet, which knows whose the inputs are: start without --wallet.disable")

// unsigned are the batches that wait for their signatures.
func (p *payouts) unsigned() ([]UnsignedPayout, error) {
	all, err := p.books.Batches()
	if err != nil {
		return nil, err
	}
	list := []UnsignedPayout{}
	for _, b := range all {
		if b.State != payout.BatchStored {
			continue
		}
		u := UnsignedPayout{PayoutBatch: payoutBatch(b)}
		err := p.late(b)
		switch {
		case err == nil && p.wallet == nil:
			err = errNoWallet
		case err == nil:
			u.Template, err = p.wallet.unsignedTemplate(b)
		}
		if err != nil {
			u.Reason = err.Error()
		}
		list = append(list, u)
	}
	return list, nil
}

// late is an error for a batch that can't be in the next block any more: a signature would change
// nothing.
func (p *payouts) late(b payout.Batch) error {
	if best, _ := p.chain.Best(); best >= b.TimeRange {
		return fmt.Errorf("it is too late to sign it: it was valid up to height %d, and the chain is at %d; it is given up when that is deep, and paid by another", b.TimeRange, best)
	}
	return nil
}

// sign takes what was signed elsewhere. It is stored before it is submitted, which the next
// pass of the outbox does.
func (n *Node) signPayout(p *payouts, r *http.Request) (any, error) {
	var in SignedPayout
	if err := decodeBody(r, &in); err != nil {
		return nil, err
	}
	id, err := ParseBlockID("id", in.ID)
	if err != nil {
		return nil, err
	}
	b, err := p.books.Batch(id)
	if err != nil {
		return nil, err
	}
	if err := p.late(b); err != nil {
		return nil, fmt.Errorf("batch %s: %w", in.ID, err)
	}
	tx, err := signedByHand(b, []byte(in.Signed))
	if err != nil {
		return nil, err
	}
	raw, err := payout.RawTx(tx)
	if err != nil {
		return nil, err
	}
	if err := p.books.SetSigned(id, raw); err != nil {
		return nil, err
	}
	n.payoutNews()
	b, err = p.books.Batch(id)
	return payoutBatch(b), err
}

// resume has owners be paid again.
func (n *Node) resumePayouts(p *payouts, _ *http.Request) (any, error) {
	if err := p.books.Resume(); err != nil {
		return nil, err
	}
	n.payoutNews()
	return n.payoutStats()
}

package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/payout"
)

// The routes of payouts for commands.
const (
	// PayoutOwnersRoute answers with all payout.Owners.
	PayoutOwnersRoute = "/list-payout-owners"
	// ExplainPayoutRoute takes a PayoutBlockRequest and answers with a PayoutExplanation.
	ExplainPayoutRoute = "/explain-payout"
	// VerifyPayoutsRoute answers with a payout.Report.
	VerifyPayoutsRoute = "/verify-payouts"
	// ExportPayoutsRoute takes a PayoutExportRequest and answers with a PayoutExport.
	ExportPayoutsRoute = "/export-payouts"
)

// PayoutBlockRequest names a block that was split: by its hash, or its height on the main chain.
type PayoutBlockRequest struct {
	Block string `json:"block"`
}

// PayoutExportRequest asks for the books as ledger, beancount, csv or jsonl.
type PayoutExportRequest struct {
	Format string `json:"format"`
}

// PayoutExport is the books as a text.
type PayoutExport struct {
	Text string `json:"text"`
}

func (n *Node) registerPayouts(r *mux.Router) {
	for route, answer := range map[string]func(*payouts, *http.Request) (any, error){
		PayoutOwnersRoute:  func(p *payouts, _ *http.Request) (any, error) { return p.owners() },
		ExplainPayoutRoute: (*payouts).explain,
		VerifyPayoutsRoute: func(p *payouts, r *http.Request) (any, error) { return p.verify(r.Context()) },
		ExportPayoutsRoute: (*payouts).export,

		PreviewPayoutsRoute:  func(p *payouts, _ *http.Request) (any, error) { return p.preview() },
		PayPayoutsRoute:      n.payNow,
		UnsignedPayoutsRoute: func(p *payouts, _ *http.Request) (any, error) { return p.unsigned() },
		SignPayoutRoute:      n.signPayout,
		ResumePayoutsRoute:   n.resumePayouts,
	} {
		r.HandleFunc(route, jsonHandler(func(r *http.Request) (any, error) {
			if n.payouts == nil {
				return nil, errNoPayouts
			}
			return answer(n.payouts, r)
		}))
	}
}

func (p *payouts) owners() ([]payout.Owner, error) {
	owners, err := p.books.Owners()
	return append([]payout.Owner{}, owners...), err
}

// explain says why each owner got what of a block.
func (p *payouts) explain(r *http.Request) (any, error) {
	var in PayoutBlockRequest
	if err := decodeBody(r, &in); err != nil {
		return nil, err
	}
	block, err := blockByName(p.chain, in.Block)
	if err != nil {
		return nil, err
	}
	e, ok, why, err := p.books.Explain(block)
	switch {
	case err != nil:
		return nil, err
	case ok:
		return ExplainPayout(e), nil
	case why != "":
		return nil, fmt.Errorf("field block: block %s is not split: %s", block.String(), why)
	}
	return nil, fmt.Errorf("field block: block %s is not split: no rig of this node found it, or it is not on the main chain", block.String())
}

// blockByName reads a block's hash, or its height on the main chain.
func blockByName(chain payout.Chain, text string) (bc.Hash, error) {
	height, err := strconv.ParseUint(text, 10, 64)
	if err != nil || len(text) == 64 {
		return ParseBlockID("block", text)
	}
	block, ok := chain.MainHash(height)
	if !ok {
		best, _ := chain.Best()
		return block, fmt.Errorf("field block: value %d: expected a height up to %d, or a block's hash", height, best)
	}
	return block, nil
}

// verification is what the latest one of this run found.
type verification struct {
	at       time.Time
	problems int
}

// verify computes all splits again. One at a time: each reads the whole log of shares.
func (p *payouts) verify(ctx context.Context) (payout.Report, error) {
	if !p.verifying.TryLock() {
		return payout.Report{}, errors.New("a verification is under way")
	}
	defer p.verifying.Unlock()
	r, err := p.books.Verify(ctx, p.shares, p.chain)
	if err == nil {
		p.verified.Store(&verification{time.Now(), len(r.Problems)})
	}
	return r, err
}

func (p *payouts) export(r *http.Request) (any, error) {
	var in PayoutExportRequest
	if err := decodeBody(r, &in); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := p.books.Export(&text, in.Format); err != nil {
		return nil, fmt.Errorf("field format: %w", err)
	}
	return PayoutExport{text.String()}, nil
}

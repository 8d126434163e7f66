package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// rigsOwner owns the rig of these tests.
const rigsOwner = "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"

// startSplitting starts a node that has split blocks, and has nobody to sign their payment, with
// its description: a rig has found a block or some, and a hundred stand on them. address is its
// payee, and front where rigs connect.
func startSplitting(t *testing.T) (d *described, address, front string) {
	t.Helper()
	front = harness.RigAddress(t)
	n := testnet.Start(t, testnet.NodeOptions{Simulated: true, Args: []string{
		"--solonet.tools", "--stratum.listen", front, "--stratum.start-difficulty", "1", "--payout.scheme", "pplns", "--payout.every", "1",
	}})
	address = harness.MakeAccount(t, n)
	d = newDescribed(t, n)
	d.hash(front, func() error {
		if s := d.payouts(); len(s.Blocks) == 0 {
			return errors.New("no block is split yet")
		}
		return nil
	})
	d.Call("/solonet-mine", `{"blocks":100}`, true) // The first of them can be spent in the next.
	testnet.Wait(t, time.Minute, func() error {
		if s := d.payouts(); !s.ByHand {
			d.Call("/solonet-mine", `{"blocks":1}`, true) // The books may have been behind: it is paid at a block.
			return fmt.Errorf("no payment waits to be signed: %+v", s.Status)
		}
		return nil
	})
	return d, address, front
}

// hash has a rig hash until a check passes.
func (d *described) hash(front string, until func() error) {
	d.t.Helper()
	rig := fakerig.New(fakerig.Config{
		Address: front, Name: rigsOwner + ".rig1", Dialect: fakerig.Plain, Rate: 20, Hash: harness.NewSimulatedSolver(d.t).Verifier.Hash, Random: rand.New(rand.NewPCG(1, 2)),
	})
	ctx, stop := context.WithCancel(d.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); rig.Run(ctx) }()
	defer func() { stop(); <-done }()
	testnet.Wait(d.t, time.Minute, until)
}

func (d *described) payouts() (s node.PayoutStats) {
	d.t.Helper()
	if err := json.Unmarshal(d.Get(node.PayoutStatsRoute, http.StatusOK), &s); err != nil {
		d.t.Fatal(err)
	}
	return s
}

// signed is a request that brings back a payment which the node's own route has signed, by
// the password of harness.MakeAccount.
func (d *described) signed() string {
	d.t.Helper()
	var waiting []node.UnsignedPayout
	if err := json.Unmarshal(d.Call(node.UnsignedPayoutsRoute, "", true), &waiting); err != nil || len(waiting) == 0 {
		d.t.Fatalf("%d payments wait: %v", len(waiting), err)
	}
	var out struct {
		Transaction json.RawMessage `json:"transaction"`
		Complete    bool            `json:"sign_complete"`
	}
	in := map[string]any{"password": "p", "transaction": waiting[0].Template}
	if err := d.Node.Call("/sign-transaction", in, &out); err != nil || !out.Complete {
		d.t.Fatalf("not signed: %v", err)
	}
	request, err := json.Marshal(node.SignedPayout{ID: waiting[0].ID, Signed: string(out.Transaction)})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(request)
}

// splitBlock names a block that was split.
func (d *described) splitBlock() string {
	return fmt.Sprintf(`{"block":"%d"}`, d.payouts().Blocks[0].Height)
}

// payoutCalls makes each call of payouts, good ones and bad ones.
func (d *described) payoutCalls() {
	d.t.Helper()
	d.payouts()
	for _, good := range []struct{ route, request string }{
		{node.PayoutOwnersRoute, ""}, {node.ExplainPayoutRoute, d.splitBlock()}, {node.VerifyPayoutsRoute, ""}, {node.ExportPayoutsRoute, `{"format":"jsonl"}`},
		{node.PreviewPayoutsRoute, ""}, {node.PayPayoutsRoute, ""}, {node.ResumePayoutsRoute, ""}, {node.SignPayoutRoute, d.signed()},
	} {
		d.Call(good.route, good.request, true)
	}
	for _, bad := range []struct{ route, request string }{
		{node.ExplainPayoutRoute, `{"block":"x"}`}, {node.ExplainPayoutRoute, `{"block":"99999999"}`}, {node.ExplainPayoutRoute, `{"block":"0"}`},
		{node.ExportPayoutsRoute, `{"format":"xls"}`}, {node.SignPayoutRoute, `{"id":"x","signed":""}`},
	} {
		d.Call(bad.route, bad.request, false)
	}
	d.Get(node.OwnerStatsPrefix+rigsOwner, http.StatusOK)
	d.Get(node.OwnerStatsPrefix+"nobody", http.StatusNotFound)
}

// TestNoPayouts: a node that splits nothing says so.
func TestNoPayouts(t *testing.T) {
	n := testnet.Start(t, testnet.NodeOptions{})
	d := newDescribed(t, n)
	d.Get(node.PayoutStatsRoute, http.StatusNotFound)
	d.Call(node.PayoutOwnersRoute, "", false)
}

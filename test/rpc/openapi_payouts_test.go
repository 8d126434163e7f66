package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// rigsOwner owns the rig of these tests.
const rigsOwner = "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"

// splitHome is the home of a node that has split blocks and has a payment wait for its signature.
// It is made once, and each test has a node in a copy.
var splitHome struct {
	sync.Once
	dir string // empty where it could not be made
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := os.RemoveAll(splitHome.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// startSplitting starts a node that has split blocks, and has nobody to sign their payment, with
// its description. address is its payee, and front where rigs connect.
func startSplitting(t *testing.T) (d *described, address, front string) {
	t.Helper()
	splitHome.Do(func() { makeSplitHome(t) })
	if splitHome.dir == "" {
		t.Fatal("there is no home of a node that splits blocks: another test could not make it")
	}
	home := t.TempDir()
	if err := os.CopyFS(home, os.DirFS(splitHome.dir)); err != nil {
		t.Fatal(err)
	}
	n, front := startSplitter(t, home)
	var payee struct {
		Address string `json:"mining_address"`
	}
	if err := n.Call("/get-mining-address", nil, &payee); err != nil {
		t.Fatal(err)
	}
	testnet.Wait(t, time.Minute, func() error { return n.Call("/get-work", nil, nil) })
	return newDescribed(t, n), payee.Address, front
}

// startSplitter starts a node that splits blocks. front is where rigs connect.
func startSplitter(t *testing.T, home string) (n *testnet.Node, front string) {
	t.Helper()
	front = harness.RigAddress(t)
	return testnet.Start(t, testnet.NodeOptions{Simulated: true, Home: home, Args: []string{
		"--solonet.tools", "--stratum.listen", front, "--stratum.start-difficulty", "1", "--payout.scheme", "pplns", "--payout.every", "1",
	}}), front
}

// makeSplitHome makes splitHome: it has a rig find a block or some, and mines on until their payment waits to be signed.
func makeSplitHome(t *testing.T) {
	t.Helper()
	n, front := startSplitter(t, "")
	harness.MakeAccount(t, n)
	d := newDescribed(t, n)
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
	n.Stop()
	dir, err := os.MkdirTemp("", "bytom-solo-split-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(n.Home)); err != nil {
		t.Fatal(errors.Join(err, os.RemoveAll(dir)))
	}
	splitHome.dir = dir
}

// hash has a rig hash until a check passes.
func (d *described) hash(front string, until func() error) {
	d.t.Helper()
	rig := fakerig.New(fakerig.Config{
		Address: front, Name: rigsOwner + ".rig1", Dialect: fakerig.Plain, Rate: 5, Hash: harness.NewSimulatedSolver(d.t).Verifier.Hash, Random: rand.New(rand.NewPCG(1, 2)),
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

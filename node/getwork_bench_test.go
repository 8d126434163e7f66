package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// BenchmarkGetWorkLoad has 200 callers ask for work 5,000 times a second in all, with
// 5,000 transactions in the pool, and a solution submitted every half second. The
// callers are wrk's, in a process of their own on the same cores. It reports what a
// caller and a submit wait; run it with -benchtime 1x.
func BenchmarkGetWorkLoad(b *testing.B) {
	if _, err := exec.LookPath("wrk"); err != nil {
		b.Skip("wrk, which makes the load, is not installed: apt-get install wrk")
	}
	f := chaintest.NewQuick(b)
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: f.Chain, Payee: func() (mining.Payee, []byte, error) { return chaintest.Payee, nil, nil },
	})
	f.OnTip = g.TipChanged
	fillPool(b, f, 5000)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go g.Run(ctx)
	server := httptest.NewServer(workServer(b, f, g))
	defer server.Close()
	for t, _ := g.Current(); t == nil || len(t.Txs) < 1000; t, _ = g.Current() {
		time.Sleep(10 * time.Millisecond) // The pool is validated for the first time.
	}
	for b.Loop() {
		attacked := make(chan *callers)
		go func() { attacked <- attack(b, server.URL+"/get-work") }()
		var submits []time.Duration
		for {
			select {
			case l := <-attacked:
				if l == nil {
					b.FailNow()
				}
				b.ReportMetric(float64(l.Requests)/(float64(l.Microseconds)/1e6), "calls/s")
				for p, micros := range map[string]float64{"50": l.P50, "90": l.P90, "99": l.P99} {
					b.ReportMetric(micros/1000, "call-p"+p+"-ms")
				}
				slices.Sort(submits)
				b.ReportMetric(submits[len(submits)/2].Seconds()*1000, "submit-p50-ms")
				b.ReportMetric(submits[len(submits)-1].Seconds()*1000, "submit-max-ms")
				b.ReportMetric(0, "ns/op")
			case <-time.After(500 * time.Millisecond):
				submits = append(submits, submitOver(b, f, server.URL, g))
				continue
			}
			break
		}
	}
}

// callers is what testdata/callers.lua prints: how many calls there were in how long, and
// percentiles of what they took, in microseconds.
type callers struct {
	Requests, Microseconds, Failed uint64
	P50, P90, P99                  float64
}

// attack makes the load for ten seconds.
func attack(b *testing.B, url string) *callers {
	out, err := exec.CommandContext(b.Context(), "wrk", "-t", "1", "-c", "200", "-d", "10s", "-s", "testdata/callers.lua", url).Output()
	if err != nil {
		b.Errorf("wrk: %v: %s", err, out)
		return nil
	}
	var l callers
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &l); err != nil || l.Failed > 0 || l.Requests == 0 {
		b.Errorf("wrk: %v: %s", err, out)
		return nil
	}
	return &l
}

// fillPool adds transactions that are worth their place.
func fillPool(b *testing.B, f *chaintest.Fixture, n int) {
	var txs []*types.Tx
	for i := range n {
		txs = append(txs, txtest.FreeTx(bc.Hash{V0: uint64(i) + 1}, 1e9))
	}
	f.Fund(b, false, txs...)
	for _, tx := range txs {
		if _, err := f.Pool.ProcessTransaction(tx, false, 0, txtest.Fee); err != nil {
			b.Fatal(err)
		}
	}
}

// workServer serves the mining routes on the fixture.
func workServer(b testing.TB, f *chaintest.Fixture, g *mining.Generator) http.Handler {
	space := mining.NewExtranonces()
	h := gbt.New(gbt.Config{
		Source: f.Chain, Generator: g, Submitter: f.Submitter, Extranonces: space,
		ParsePayee: parsePayee, Skipped: f.Selector.Skipped,
		Miner: mining.NewMiner(mining.MinerConfig{Generator: g, Submitter: f.Submitter, Extranonces: space}),
	})
	r := mux.NewRouter()
	h.Register(r)
	return newServer(r, newAccess(b, "", &authenticator{disabled: true})).Handler
}

// submitOver submits a good solution over HTTP, and is how long the answer took.
func submitOver(b testing.TB, f *chaintest.Fixture, url string, g *mining.Generator) time.Duration {
	t, err := g.Make(b.Context(), mining.Request{Empty: true}) // The pool stays as it is.
	if err != nil {
		b.Fatal(err)
	}
	s := f.Solve(b, mining.NewJob(t, 1), true)
	block, err := s.Job.Block(s.Timestamp, s.Nonce)
	if err != nil {
		b.Fatal(err)
	}
	raw, err := block.MarshalText()
	if err != nil {
		b.Fatal(err)
	}
	body := bytes.NewReader(fmt.Appendf(nil, `{"raw_block":"%s"}`, raw))
	start := time.Now()
	resp, err := http.Post(url+"/submit-block", "application/json", body)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(resp.Body); err != nil || !bytes.Contains(answer.Bytes(), []byte(`"data":true`)) {
		b.Fatalf("%v: %s", err, answer.Bytes())
	}
	return time.Since(start)
}

package node

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/gbt"
	"github.com/bytom-solo/bytom-solo/mining"
)

// BenchmarkGetWorkLoad has 200 callers ask for work 5,000 times a second in all, with
// 5,000 transactions in the pool, and a solution submitted every half second. The
// callers are hey's, in a process of their own on the same cores. It reports what a
// caller and a submit wait; run it with -benchtime 1x.
func BenchmarkGetWorkLoad(b *testing.B) {
	f := newQuickFixture(b)
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: f.chain, Payee: func() (mining.Payee, []byte, error) { return testPayee, nil, nil },
	})
	f.onTip = g.TipChanged
	f.fillPool(b, 5000)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go g.Run(ctx)
	server := httptest.NewServer(f.workServer(g))
	defer server.Close()
	for t, _ := g.Current(); t == nil || len(t.Txs) < 1000; t, _ = g.Current() {
		time.Sleep(10 * time.Millisecond) // The pool is validated for the first time.
	}
	for b.Loop() {
		calls := make(chan []time.Duration)
		go func() { calls <- attack(b, server.URL+"/get-work") }()
		var submits []time.Duration
		for {
			select {
			case got := <-calls:
				slices.Sort(got)
				slices.Sort(submits)
				b.ReportMetric(float64(len(got))/attackSeconds, "calls/s")
				for _, p := range []int{50, 99} {
					b.ReportMetric(got[len(got)*p/100].Seconds()*1000, fmt.Sprintf("call-p%d-ms", p))
					b.ReportMetric(submits[len(submits)*p/100].Seconds()*1000, fmt.Sprintf("submit-p%d-ms", p))
				}
				b.ReportMetric(0, "ns/op")
			case <-time.After(500 * time.Millisecond):
				submits = append(submits, f.submitOver(b, server.URL, g))
				continue
			}
			break
		}
	}
}

const attackSeconds = 10

// attack is how long each call took.
func attack(b *testing.B, url string) (calls []time.Duration) {
	cmd := exec.CommandContext(b.Context(), "go", "tool", "-modfile=../tools/go.mod", "hey",
		"-z", fmt.Sprintf("%ds", attackSeconds), "-c", "200", "-q", "25", "-m", "POST", "-o", "csv", url)
	out, err := cmd.Output()
	if err != nil {
		b.Error(err)
		return nil
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(rows) < 100 || rows[0][0] != "response-time" || rows[0][6] != "status-code" {
		b.Errorf("hey printed %d rows: %v", len(rows), err)
		return nil
	}
	for _, row := range rows[1:] {
		seconds, err := strconv.ParseFloat(row[0], 64)
		if err != nil || row[6] != "200" {
			b.Errorf("row %v: %v", row, err)
			return nil
		}
		calls = append(calls, time.Duration(seconds*1e9))
	}
	return calls
}

// fillPool adds transactions that are worth their place.
func (f *fixture) fillPool(b *testing.B, n int) {
	var txs []*types.Tx
	for i := range n {
		txs = append(txs, spendTx(bc.Hash{V0: uint64(i) + 1}, 1e9))
	}
	f.fund(b, false, txs...)
	for _, tx := range txs {
		if _, err := f.bytom.pool.ProcessTransaction(tx, false, 0, testFee); err != nil {
			b.Fatal(err)
		}
	}
}

// workServer serves the mining routes on the fixture.
func (f *fixture) workServer(g *mining.Generator) http.Handler {
	space := mining.NewExtranonces()
	h := gbt.New(gbt.Config{
		Source: f.chain, Generator: g, Submitter: f.submitter, Extranonces: space,
		ParsePayee: parsePayee, Skipped: f.chain.selector.skipped,
		Miner: mining.NewMiner(mining.MinerConfig{Generator: g, Submitter: f.submitter, Extranonces: space}),
	})
	r := mux.NewRouter()
	h.Register(r)
	return newServer(r, nil, true, slog.New(slog.DiscardHandler)).Handler
}

// submitOver submits a good solution over HTTP, and is how long the answer took.
func (f *fixture) submitOver(b *testing.B, url string, g *mining.Generator) time.Duration {
	t, err := g.Make(b.Context(), mining.Request{Empty: true}) // The pool stays as it is.
	if err != nil {
		b.Fatal(err)
	}
	s := f.solve(b, mining.NewJob(t, 1), true)
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

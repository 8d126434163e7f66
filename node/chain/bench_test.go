package chain_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/node/selection"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// BenchmarkNewTip is the time from a new best block to the first template on it,
// which may be an empty one, and to the one with the pool's transactions, on a real
// chain with pools of none and of 10,000 signed transactions.
func BenchmarkNewTip(b *testing.B) {
	for _, n := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("txs=%d", n), func(b *testing.B) { benchmarkNewTip(b, n) })
	}
}

func benchmarkNewTip(b *testing.B, txs int) {
	p := chaintest.NewPoisoned(b, rand.New(rand.NewPCG(1, 23)))
	for i := range txs {
		tx := txtest.SignedTx(bc.Hash{V0: uint64(i) + 1}, 1e9, txtest.Fee+uint64(i%1000)*1000)
		p.FundTx(tx)
		if _, err := p.Pool.ProcessTransaction(tx, false, 1, txtest.Fee); err != nil {
			b.Fatal(err)
		}
	}
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: p.Chain, MaxAge: time.Hour,
		Payee: func() (mining.Payee, []byte, error) { return chaintest.KeyPayee, nil, nil },
	})
	var moved time.Time
	p.OnTip = func() {
		moved = time.Now()
		g.TipChanged()
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	templates, done := g.Subscribe()
	defer done()
	go g.Run(ctx)
	next := func() *mining.Template {
		select {
		case t := <-templates:
			return t
		case <-time.After(time.Minute):
			b.Fatal("no template")
			return nil
		}
	}
	for txs > 0 && len(next().Txs) == 0 {
		continue // The pool is validated for the first time.
	}
	if txs == 0 {
		next()
	}
	var first, full []time.Duration
	for b.Loop() {
		b.StopTimer()
		p.Grow(b, 1)
		b.StartTimer()
		t := next()
		first = append(first, time.Since(moved))
		for txs > 0 && len(t.Txs) == 0 {
			t = next()
		}
		full = append(full, time.Since(moved))
		if t.Tip != p.Chain.Tip() || txs > 0 && len(t.Txs) < 1000 {
			b.Fatalf("a template of %d transactions on height %d", len(t.Txs), t.Tip.Height)
		}
	}
	report(b, first, "first")
	report(b, full, "full")
}

func report(b *testing.B, times []time.Duration, what string) {
	slices.Sort(times)
	for _, p := range []int{50, 99} {
		at := times[min(len(times)*p/100, len(times)-1)]
		b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprintf("p%d-%s-ms", p, what))
	}
}

// BenchmarkCheck checks a block of transactions that the selector has validated, as
// our own templates are, and of such that nobody has seen.
func BenchmarkCheck(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		f := chaintest.NewQuick(b)
		chainWith := func(gas uint64) *chain.Chain {
			config := f.Config
			config.Selector = selection.New(selection.Config{Chain: f.Bytom, MaxGas: gas, Log: config.Log})
			return chain.New(config)
		}
		f.Chain = chainWith(1 << 40) // More than a block has: the check's cost is asked for.
		var txs []*types.Tx
		for i := range n {
			txs = append(txs, txtest.FreeTx(bc.Hash{V0: uint64(i) + 1}, 1e9))
		}
		f.Fund(b, false, txs...)
		for _, tx := range txs {
			if _, err := f.Pool.ProcessTransaction(tx, false, 1, txtest.Fee); err != nil {
				b.Fatal(err)
			}
		}
		block := chaintest.Unsolved(b, f.FullTemplate(b))
		if len(block.Transactions) != n+1 {
			b.Fatal(len(block.Transactions))
		}
		check := func(b *testing.B, c *chain.Chain) {
			for b.Loop() {
				if err := c.Check(b.Context(), block); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.Run(fmt.Sprintf("txs=%d/own", n), func(b *testing.B) { check(b, f.Chain) })
		b.Run(fmt.Sprintf("txs=%d/foreign", n), func(b *testing.B) {
			check(b, chainWith(0))
		})
	}
}

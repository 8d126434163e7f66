package stock_test

import (
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// BenchmarkSyncFromStock syncs 60 blocks from a stock node over p2p, with fast
// verification and without, and gives the ratio. A sync's time is from connecting
// to the last block.
func BenchmarkSyncFromStock(b *testing.B) {
	const height = 60
	r := harness.NewSolver(b)
	stock := testnet.Start(b, testnet.NodeOptions{Stock: true})
	harness.MakeAccount(b, stock)
	r.Mine(stock, height)
	sync := func(fast string) time.Duration {
		n := testnet.Start(b, testnet.NodeOptions{Args: []string{"--verify.fast=" + fast}})
		start := time.Now()
		n.Connect(stock)
		n.WaitHeight(height, 10*time.Minute)
		took := time.Since(start)
		testnet.WaitSameTip(n, stock, time.Minute)
		n.Stop()
		return took
	}
	b.ResetTimer()
	for range b.N {
		slow, fast := sync("false"), sync("true")
		b.ReportMetric(fast.Seconds(), "s/sync-fast")
		b.ReportMetric(slow.Seconds(), "s/sync-stock")
		b.ReportMetric(float64(slow)/float64(fast), "×")
	}
}

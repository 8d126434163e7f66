package mining_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// BenchmarkUnderMining measures how a node that mines on all cores answers, against
// the same node at rest, in turns: its RPC, and the way of a transaction from a peer
// into its pool. Both nodes and this process share the machine; on a solonet the node
// also has a new tip every 20 hashes.
func BenchmarkUnderMining(b *testing.B) {
	const rounds, calls, sends = 6, 300, 6
	ctx := b.Context()
	net := testnet.New(b, testnet.Options{Nodes: 2, Fund: true})
	miner, peer := net.Nodes[0].Client(), net.Nodes[1].Client()
	address, err := miner.Account().Address(ctx)
	if err != nil {
		b.Fatal(err)
	}
	var rpc, p2p [2][]time.Duration // at rest, mining
	for range b.N {
		for round := range 2 * rounds {
			mining := round % 2
			if err := miner.Call(ctx, "/set-mining", map[string]bool{"is_mining": mining == 1}, nil); err != nil {
				b.Fatal(err)
			}
			time.Sleep(500 * time.Millisecond) // What was under way ends.
			for range calls {
				begun := time.Now()
				if _, err := miner.Height(ctx); err != nil {
					b.Fatal(err)
				}
				rpc[mining] = append(rpc[mining], time.Since(begun))
				time.Sleep(3 * time.Millisecond)
			}
			for range sends {
				id, err := peer.Account().Send(ctx, address.Address, 1_000_000, testnet.DefaultFee)
				if err != nil {
					b.Fatal(err)
				}
				begun := time.Now()
				if reaches(ctx, miner, id) {
					p2p[mining] = append(p2p[mining], time.Since(begun))
				}
			}
		}
	}
	for _, m := range []struct {
		name  string
		times [2][]time.Duration
	}{{"rpc", rpc}, {"p2p", p2p}} {
		if min(len(m.times[0]), len(m.times[1])) < b.N*rounds*sends/2 {
			b.Fatalf("%s: %d measured at rest and %d mining", m.name, len(m.times[0]), len(m.times[1]))
		}
		rest, mining := quantile(m.times[0], 0.5), quantile(m.times[1], 0.5)
		b.ReportMetric(rest.Seconds()*1000, m.name+"-rest-ms")
		b.ReportMetric(mining.Seconds()*1000, m.name+"-mining-ms")
		b.ReportMetric(quantile(m.times[1], 0.99).Seconds()*1000, m.name+"-mining-p99-ms")
		b.ReportMetric(mining.Seconds()/rest.Seconds(), m.name+"-ratio")
	}
}

// reaches waits until the node has the transaction in its pool. It may miss one that
// a block takes at once.
func reaches(ctx context.Context, node testnet.Client, txID string) bool {
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if node.Call(ctx, "/get-unconfirmed-transaction", map[string]string{"tx_id": txID}, nil) == nil {
			return true
		}
	}
	return false
}

// quantile sorts what it is given.
func quantile(times []time.Duration, q float64) time.Duration {
	slices.Sort(times)
	return times[min(len(times)-1, int(q*float64(len(times))))]
}

package node

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// movingTip is a chain without blocks, whose tip moves when it is told to. Nothing is
// ever found on it.
type movingTip struct {
	mu  sync.Mutex
	tip mining.Tip
}

func (m *movingTip) Tip() mining.Tip {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tip
}

func (m *movingTip) move(seed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tip.Hash.V0++
	m.tip.Height++
	if seed {
		m.tip.Seed.V0++
	}
}

func (m *movingTip) After(bc.Hash) (mining.Tip, bool)          { return m.Tip(), true }
func (m *movingTip) Place(bc.Hash, uint64) mining.Place        { return mining.Place{} }
func (m *movingTip) Check(context.Context, *types.Block) error { return nil }
func (m *movingTip) Ready() error                              { return nil }
func (m *movingTip) Select(context.Context, mining.Tip) ([]mining.Candidate, error) {
	return nil, nil
}

// BenchmarkSwitch moves the tip under this machine's own devices, all of them mining
// at full load, and reports how long a template takes, how long the last worker goes on
// with the former one, what a batch takes, and the dead time at a change of the seed.
func BenchmarkSwitch(b *testing.B) {
	backends, err := OpenBackends(b.Context(), Opening{Devices: "auto", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer CloseBackends(backends)
	device := backends[0].Info()
	seen := make(map[mining.Stage][]time.Duration)
	var mu sync.Mutex
	switched := make(chan struct{}, 1000)
	observe := func(s mining.Stage, d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if seen[s] = append(seen[s], d); s == mining.StageSwitch {
			switched <- struct{}{}
		}
	}
	source := &movingTip{tip: mining.Tip{Bits: 1}}
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: source, Observe: observe, Payee: func() (mining.Payee, []byte, error) { return chaintest.Payee, nil, nil },
	})
	m := mining.NewMiner(mining.MinerConfig{
		Devices: backends[:1], Generator: g, Extranonces: mining.NewExtranonces(), Observe: observe,
		Settings: mining.MinerSettings{On: true, Devices: []string{device.Name}},
	})
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { g.Run(ctx) })
	running.Go(func() { m.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for m.Devices()[0].Hashes < 10 { // All workers have work.
		time.Sleep(time.Millisecond)
	}
	clear(seen)
	start, hashes := time.Now(), m.Devices()[0].Hashes
	for i := range b.N {
		source.move(i%10 == 9)
		g.TipChanged()
		for range device.Workers {
			<-switched
		}
	}
	mu.Lock()
	defer mu.Unlock()
	after := m.Devices()[0]
	batch := time.Since(start) * time.Duration(device.Workers) / time.Duration(after.Hashes-hashes)
	for _, stage := range []mining.Stage{mining.StageTemplate, mining.StageSwitch, mining.StageSeed} {
		d := seen[stage]
		if len(d) == 0 {
			continue
		}
		slices.Sort(d)
		b.ReportMetric(d[len(d)/2].Seconds()*1000, string(stage)+"-p50-ms")
		b.ReportMetric(d[len(d)*99/100].Seconds()*1000, string(stage)+"-p99-ms")
	}
	b.ReportMetric(batch.Seconds()*1000, "hash-ms")
	b.ReportMetric(float64(after.Wasted)/float64(b.N*device.Workers), "wasted-hashes/switch")
	b.ReportMetric(0, "ns/op") // As long as the switch of the slowest worker.
}

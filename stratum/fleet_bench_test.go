//go:build unix

package stratum

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/natsengine"
	"github.com/bytom-solo/bytom-solo/fleet/natsserver"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
)

// farNode is what a node has for its fronts, over an engine of NATS in this process.
type farNode struct {
	key    fleet.Key
	url    string // of the engine
	engine fleet.Engine
}

// openFarNode starts an engine. It skips the benchmark in a program without one.
func openFarNode(b *testing.B) *farNode {
	if !natsserver.Built {
		b.Skip("no engine is built in: go test -tags engine")
	}
	server, err := natsserver.Run(natsserver.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	engine, err := natsengine.Dial(natsengine.Config{URL: "nats://embedded", Name: "node", InProcess: server.Dial})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	return &farNode{fleet.NewKey(), server.URL, engine}
}

// front makes the home of a front that is to be let in.
func (n *farNode) front(b *testing.B, program []byte, rigs int) (cfg farFrontConfig, key fleet.PublicKey) {
	cfg = farFrontConfig{Home: b.TempDir(), Node: n.key.Public(), Program: program, URL: n.url, Rigs: rigs}
	k, err := fleet.OpenKey(filepath.Join(cfg.Home, "front.key"))
	if err != nil {
		b.Fatal(err)
	}
	return cfg, k.Public()
}

// serve runs a node's side until stop is called.
func (n *farNode) serve(b *testing.B, templates fleet.Templates, books fleet.Books, fronts map[fleet.PublicKey]string) (stop func()) {
	space := mining.NewExtranonces()
	var mu sync.Mutex
	given := make(map[string][]uint16)
	hub := fleet.NewHub(fleet.HubConfig{
		Engine: n.engine, Key: n.key, Network: farNetwork, Templates: templates, Fronts: fronts, Books: books,
		Grant: func(front string, _ uint64, many int) ([]uint16, error) {
			mu.Lock()
			defer mu.Unlock()
			for len(given[front]) < many {
				r, err := space.Grant()
				if err != nil {
					return nil, err
				}
				given[front] = append(given[front], r)
			}
			return given[front], nil
		},
		Found: func(context.Context, fleet.PublicKey, *fleet.Block) fleet.Verdict { return fleet.Verdict{} },
	})
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = hub.Run(ctx) })
	return func() { cancel(); running.Wait() }
}

// BenchmarkNewJobFront1000 is BenchmarkNewJob1000's time, from a new tip to the last of 1,000 jobs
// being written, for a node's own rigs and, in turns with that, for those of a front in another
// process, which the work comes to over NATS. Each rig's job is looked at.
func BenchmarkNewJobFront1000(b *testing.B) {
	const rigs = 1000
	own, ownFarm := newTipHere(b, rigs)
	defer own.close()
	defer ownFarm.close()
	elsewhere, far, farm := newTipFar(b, rigs)
	defer elsewhere.close()
	defer far.close()
	defer farm.close()
	var here, there, more []time.Duration
	var cores, had int64
	tip := byte(1) // the first one
	stolen := computetest.Stolen(b)
	for b.Loop() {
		tip++
		took := own.last(tip)
		here = append(here, took)
		ownFarm.check(own.chain.Tip())
		time.Sleep(20 * time.Millisecond)

		far.ask("count")
		var at, used int64
		began := time.Now().UnixNano() // The processes have but this clock in common.
		elsewhere.connect(tip)
		far.numbers(&at, &used)
		there = append(there, time.Duration(at-began))
		more = append(more, there[len(there)-1]-took)
		if had != 0 {
			cores += used - had
		}
		had = used
		farm.check(elsewhere.chain.Tip())
		time.Sleep(20 * time.Millisecond)
	}
	stolen()
	reportTimes(b, more, "more")
	reportTimes(b, here, "own")
	reportTimes(b, there, "front")
	b.ReportMetric(float64(cores)/1000/float64(max(1, len(there)-1))/rigs, "front-core-µs/rig")
	b.ReportMetric(0, "ns/op")
	for _, p := range []int{50, 90, 99} {
		at := min(len(here)*p/100, len(here)-1)
		b.ReportMetric(float64((there[at]-here[at]).Microseconds())/1000, fmt.Sprintf("p%d-front-less-own-ms", p))
	}
	b.Logf("own %s", histogram(here))
	b.Logf("front %s", histogram(there))
}

// tipFront is a front whose last written job is waited for.
type tipFront struct {
	*front
	count   atomic.Int64
	written chan time.Time
}

// last is how long the last job takes on a new tip.
func (f *tipFront) last(tip byte) time.Duration {
	f.count.Store(0)
	began := time.Now()
	f.connect(tip)
	return (<-f.written).Sub(began)
}

// newTipHere is a node with its own rigs.
func newTipHere(b *testing.B, rigs int) (*tipFront, *farm) {
	t := &tipFront{written: make(chan time.Time, 1)}
	t.front = tcpFront(b, func(f *front, cfg *Config) {
		cfg.Gap, cfg.MaxSessions = time.Microsecond, rigs
		cfg.Handouts = mining.OpenHandouts(mining.HandoutsConfig{
			Path: filepath.Join(b.TempDir(), "handouts.jsonl"), Network: farNetwork, Source: f.chain,
		})
		go cfg.Handouts.Run(b.Context())
		cfg.Observe = func(s mining.Stage, _ time.Duration) {
			if s == StageJob && t.count.Add(1) == int64(rigs) {
				t.written <- time.Now()
			}
		}
	})
	return t, startFarm(b, t.front, rigs)
}

// newTipFar is a node that has none, and a front of its, with them.
func newTipFar(b *testing.B, rigs int) (node *front, far child, rigsOf *farm) {
	n := openFarNode(b)
	node = tcpFront(b, nil)
	cfg, key := n.front(b, node.payeeProgram(), rigs)
	books := ledger.Open(ledger.Config{Path: filepath.Join(b.TempDir(), "rigs.db")})
	b.Cleanup(func() { _ = books.Close() })
	b.Cleanup(n.serve(b, node.generator, books, map[fleet.PublicKey]string{key: "far"}))
	text, err := json.Marshal(cfg)
	if err != nil {
		b.Fatal(err)
	}
	far = startChild(b, frontVariable, string(text))
	var port int
	far.numbers(&port)
	return node, far, startFarmAt(b, port, rigs)
}

package gbt

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
)

// chain is a Source and a Sink that takes every block, on a fixed tip.
type chain struct {
	tip     mining.Tip
	former  bc.Hash // the tip before it
	outcome mining.Outcome

	mu        sync.Mutex
	processed []*types.Block
	made      *types.Block // the last one processed
	pool      []mining.Candidate
	check     func(*types.Block) error
	notReady  error
	generator *mining.Generator
	handler   *Handler
}

func (c *chain) Tip() mining.Tip {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tip
}
func (c *chain) Ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notReady
}

// At, Block, Work and Pooled satisfy Chain: there are the tip and a genesis.
func (c *chain) At(height uint64) (bc.Hash, bool) {
	switch tip := c.Tip(); height {
	case 0:
		return bc.Hash{V0: 77}, true
	case tip.Height:
		return tip.Hash, true
	}
	return bc.Hash{}, false
}
func (c *chain) Block(id bc.Hash) (*types.Block, error) {
	b := &types.Block{BlockHeader: types.BlockHeader{Version: 1, Bits: 0x1c<<56 | 1<<52, Timestamp: 1234}}
	switch tip := c.Tip(); id {
	case bc.Hash{V0: 77}:
	case tip.Hash:
		b.Height, b.PreviousBlockHash = tip.Height, bc.Hash{V0: 76}
	case bc.Hash{V0: 78}: // beside the best chain
		b.Height = 9
	default:
		return nil, errors.New("no such block")
	}
	return b, nil
}
func (c *chain) Work() *big.Int { return big.NewInt(0xabcdef) }
func (c *chain) Pooled() int    { return 4 }

func (c *chain) Select(context.Context, mining.Tip) ([]mining.Candidate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pool, nil
}

// move makes another tip.
func (c *chain) move() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.former = c.tip.Hash
	c.tip.Hash.V0++
	c.tip.Height++
}
func (c *chain) Process(_ context.Context, b *types.Block, _ mining.Finder) (mining.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.processed, c.made = append(c.processed, b), b
	return c.outcome, nil
}
func (c *chain) Announce(*types.Block) {}
func (c *chain) Check(_ context.Context, b *types.Block) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.check == nil {
		return nil
	}
	return c.check(b)
}
func (c *chain) After(parent bc.Hash) (mining.Tip, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tip, parent == c.tip.Hash || parent == c.former
}

func (c *chain) Place(id bc.Hash, height uint64) mining.Place {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := mining.Place{Best: c.tip.Height, There: bc.Hash{V0: 99}}
	for _, b := range c.processed {
		if b.Hash() == id {
			p.Known, p.Main = true, c.outcome == mining.MainChain
		}
	}
	return p
}

type fakeNetwork struct{}

func (fakeNetwork) Name() string  { return "solonet" }
func (fakeNetwork) Peers() int    { return 7 }
func (fakeNetwork) Clock() string { return "this clock is 2h0m0s behind" }
func (fakeNetwork) Connected() []Peer {
	at := time.Unix(1_600_000_000, 0)
	return []Peer{
		{Addr: "10.0.0.1:46657", Version: "1.1.1", Height: 12, Since: at, LastSend: at, LastReceive: at, Sent: 5, Received: 6},
		{Addr: "[::1]:4000", Version: "1.0.5", Height: 3, Inbound: true, Since: at, LastSend: at, LastReceive: at},
	}
}
func (fakeNetwork) Hashrate(blocks int, height int64) (float64, error) {
	if height > 9 {
		return 0, errors.New("height: expected up to 9")
	}
	return float64(1000 + blocks), nil
}

// server is a handler on a chain whose target one hash in 16 meets. Its generator may be
// made in another way.
func server(t testing.TB, edits ...func(*mining.GeneratorConfig)) (*chain, *mux.Router) {
	t.Helper()
	c := &chain{tip: mining.Tip{Hash: bc.Hash{V0: 1}, Height: 9, Bits: 0x1c<<56 | 1<<52, MedianTime: 1000, Seed: bc.Hash{V3: 5}}}
	payee := mining.Payee{Address: "a", Program: append([]byte{0, 20}, make([]byte, 20)...)}
	cfg := mining.GeneratorConfig{
		Source: c, Payee: func() (mining.Payee, []byte, error) { return payee, nil, nil },
		EmptyAfter: time.Hour, // or the first template would not be the only one on a slow machine
	}
	for _, edit := range edits {
		edit(&cfg)
	}
	g := mining.NewGenerator(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	templates, done := g.Subscribe()
	defer done()
	go g.Run(ctx)
	<-templates
	v := compute.NewVerifier(computetest.SHA3{})
	t.Cleanup(v.Close)
	tag := []byte("t")
	h := New(Config{
		Source: c, Network: fakeNetwork{}, Chain: c, Version: "1.1.1", Skipped: func() (int, map[string]int) { return 3, map[string]int{"spent": 1} },
		ParsePayee: func(address string) (mining.Payee, error) {
			if len(address) != 20 {
				return mining.Payee{}, fmt.Errorf("address %q: expected 20 characters", address)
			}
			return mining.Payee{Address: address, Program: append([]byte{0, 20}, address...)}, nil
		},
		Generator: g, Submitter: mining.NewSubmitter(mining.SubmitterConfig{Sink: c, Source: c, Verifier: v}),
		Miner: mining.NewMiner(mining.MinerConfig{Generator: g}), Extranonces: mining.NewExtranonces(),
		Address: func() (string, error) { return payee.Address, nil },
		SetAddress: func(_ context.Context, a string) (string, error) {
			if a != "b" {
				return "", errors.New("field mining_address: bad")
			}
			return a, nil
		},
		Tag: func() []byte { return tag }, SetTag: func(_ context.Context, b []byte) { tag = b },
		Overrides: &fakeOverrides{deltas: make(map[bc.Hash]int64), excluded: make(map[bc.Hash]bool)},
		Devices: func(list string) ([]string, error) {
			if list != "none" {
				return nil, errors.New("no such device")
			}
			return nil, nil
		},
	})
	c.generator, c.handler = g, h
	r := mux.NewRouter()
	h.Register(r)
	return c, r
}

package mining

import (
	"bytes"
	"context"
	"crypto/sha3"
	"fmt"
	"sync"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

// easyBits is a target that one hash in 16 meets.
const easyBits = 0x1c<<56 | 1<<52

var testPayee = Payee{Address: "sm1qtest", Program: append([]byte{0, 20}, make([]byte, 20)...)}

// fakeChain is a chain of headers alone: a Source and a Sink.
type fakeChain struct {
	finder    Finder // of the latest block
	mu        sync.Mutex
	tip       Tip
	txs       []Candidate
	ready     error
	selecting chan struct{} // if set, Select announces itself here, then waits for resume
	resume    chan struct{}
	sides     int // blocks that lost the race
	processed []*types.Block
	announced []*types.Block
	outcome   func(*types.Block) (Outcome, error)
	check     func(*types.Block) error
	place     func(id bc.Hash, height uint64) Place // if set, what Place says
	onBlock   func()
	observe   func(Stage, time.Duration) // what a miner on it is given
}

func newFakeChain() *fakeChain {
	return &fakeChain{tip: Tip{Hash: bc.NewHash([32]byte{1}), Height: 10, Bits: easyBits, MedianTime: 1000}}
}

func (c *fakeChain) Tip() Tip {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tip
}

func (c *fakeChain) Ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready
}

func (c *fakeChain) Select(_ context.Context, tip Tip) ([]Candidate, error) {
	c.mu.Lock()
	selecting, resume, txs, moved := c.selecting, c.resume, c.txs, c.tip.Hash != tip.Hash
	c.mu.Unlock()
	if moved {
		return nil, ErrTipMoved
	}
	if selecting != nil {
		selecting <- struct{}{}
		<-resume
	}
	return txs, nil
}

func (c *fakeChain) After(parent bc.Hash) (Tip, bool) {
	tip := c.Tip()
	return tip, tip.Hash == parent
}

func (c *fakeChain) Check(_ context.Context, b *types.Block) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.check != nil {
		return c.check(b)
	}
	return nil
}

func (c *fakeChain) Place(id bc.Hash, height uint64) Place {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.place != nil {
		return c.place(id, height)
	}
	p := Place{Best: c.tip.Height}
	for _, b := range c.processed {
		if b.Height == height {
			p.There = b.Hash()
		}
		if b.Hash() == id {
			p.Known, p.Main = true, true
		}
	}
	if height == c.tip.Height {
		p.There = c.tip.Hash
	}
	return p
}

// connect makes a new tip.
func (c *fakeChain) connect(hash byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tip.Hash = bc.NewHash([32]byte{hash})
	c.tip.Height++
}

func (c *fakeChain) Process(_ context.Context, b *types.Block, by Finder) (Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finder = by
	if c.outcome != nil {
		return c.outcome(b)
	}
	if b.PreviousBlockHash != c.tip.Hash {
		c.sides++
		return SideChain, nil
	}
	c.processed = append(c.processed, b)
	c.tip.Hash, c.tip.Height = b.Hash(), b.Height
	if c.onBlock != nil {
		c.onBlock()
	}
	return MainChain, nil
}

func (c *fakeChain) Announce(b *types.Block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.announced = append(c.announced, b)
}

func (c *fakeChain) blocks() []*types.Block {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*types.Block(nil), c.processed...)
}

// fakeBackend hashes with SHA3 instead of Tensority. wrong makes it claim that
// everything is a solution.
type fakeBackend struct {
	name    string
	workers int
	batch   int
	delay   time.Duration
	prepare time.Duration // what a new seed takes
	wrong   bool
	silly   bool // its results are wrong, and never meet a target
	fail    func(headers [][32]byte) error
	seen    func(header [32]byte)
}

func (b *fakeBackend) Info() compute.Info {
	return compute.Info{Name: b.name, Kernel: "fake", Workers: b.workers}
}

func (b *fakeBackend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	if b.prepare > 0 {
		sleep(ctx, b.prepare)
	}
	return &fakeHasher{b, seed}, nil
}

func (b *fakeBackend) Close() error { return nil }

type fakeHasher struct {
	b    *fakeBackend
	seed [32]byte
}

func (h *fakeHasher) Batch() int   { return h.b.batch }
func (h *fakeHasher) Close() error { return nil }

func (h *fakeHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	if len(results) != len(headers) {
		return fmt.Errorf("%d results for %d headers", len(results), len(headers))
	}
	if h.b.fail != nil {
		if err := h.b.fail(headers); err != nil {
			return err
		}
	}
	for i, header := range headers {
		if h.b.seen != nil {
			h.b.seen(header)
		}
		results[i] = fakeHash(header, h.seed)
		if h.b.wrong {
			results[i] = [32]byte{}
		}
		if h.b.silly {
			results[i] = [32]byte(bytes.Repeat([]byte{0xff}, 32))
		}
	}
	if h.b.delay > 0 {
		sleep(ctx, h.b.delay)
	}
	return ctx.Err()
}

func fakeHash(header, seed [32]byte) [32]byte {
	return sha3.Sum256(append(header[:], seed[:]...))
}

func newTestGenerator(c *fakeChain) *Generator {
	return NewGenerator(GeneratorConfig{
		Source: c,
		Payee:  func() (Payee, []byte, error) { return testPayee, []byte("tag"), nil },
	})
}

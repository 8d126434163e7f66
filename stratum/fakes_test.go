package stratum

import (
	"context"
	"crypto/sha3"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/mining"
)

// fakeChain is a chain of headers alone.
type fakeChain struct {
	mu        sync.Mutex
	tip       mining.Tip
	ready     error
	processed []*types.Block
	announced []*types.Block
	connected func()           // called with each block, without the lock
	now       func() time.Time // its clock
}

func (c *fakeChain) Tip() mining.Tip {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tip
}

func (c *fakeChain) After(parent bc.Hash) (mining.Tip, bool) {
	tip := c.Tip()
	return tip, tip.Hash == parent
}

func (c *fakeChain) Place(id bc.Hash, height uint64) mining.Place {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := mining.Place{Best: c.tip.Height}
	for _, b := range c.processed {
		if b.Hash() == id {
			p.Known, p.Main, p.There = true, true, id
		}
	}
	return p
}

func (c *fakeChain) Select(context.Context, mining.Tip) ([]mining.Candidate, error) { return nil, nil }

func (c *fakeChain) Check(context.Context, *types.Block) error { return nil }

func (c *fakeChain) Ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready
}

func (c *fakeChain) Process(_ context.Context, b *types.Block, _ mining.Finder) (mining.Outcome, error) {
	if c.now != nil && b.Timestamp > uint64(c.now().Add(time.Hour).Unix()) {
		return 0, mining.ErrTimeTooNew
	}
	c.mu.Lock()
	c.processed = append(c.processed, b)
	main := b.PreviousBlockHash == c.tip.Hash
	if main {
		c.tip.Hash, c.tip.Height = b.Hash(), b.Height
	}
	c.mu.Unlock()
	if !main {
		return mining.SideChain, nil
	}
	c.connected()
	return mining.MainChain, nil
}

func (c *fakeChain) Announce(b *types.Block) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.announced = append(c.announced, b)
}

func (c *fakeChain) blocks() (processed, announced int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.processed), len(c.announced)
}

// fakeBackend hashes with SHA3 instead of Tensority.
type fakeBackend struct {
	took   time.Duration
	hashes atomic.Int64
}

func (b *fakeBackend) Info() compute.Info { return compute.Info{Name: "fake", Workers: 2} }

func (b *fakeBackend) Close() error { return nil }

func (b *fakeBackend) NewHasher(context.Context, [32]byte) (compute.Hasher, error) {
	return fakeHasher{b}, nil
}

type fakeHasher struct{ b *fakeBackend }

func (h fakeHasher) Batch() int { return 1 }

func (h fakeHasher) Close() error { return nil }

func (h fakeHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	for i, header := range headers {
		h.b.hashes.Add(1)
		results[i] = fakeHash(header)
	}
	if h.b.took > 0 {
		sleep(ctx, h.b.took)
	}
	return ctx.Err()
}

func fakeHash(header [32]byte) [32]byte { return sha3.Sum256(header[:]) }

// pipeListener listens in memory.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error { l.once.Do(func() { close(l.closed) }); return nil }

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// from is a connection that comes from an address.
type from struct {
	net.Conn
	address string
}

func (c from) RemoteAddr() net.Addr { return textAddr(c.address) }

type textAddr string

func (a textAddr) Network() string { return "tcp" }

func (a textAddr) String() string { return string(a) }

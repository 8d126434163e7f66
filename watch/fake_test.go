package watch

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// easyBits is a target that one hash in 16 meets.
const easyBits = 0x1c<<56 | 1<<52

// block is the block of a height on a branch.
func block(branch byte, height uint64) bc.Hash { return bc.Hash{V0: uint64(branch), V1: height} }

// ours is the branch of the node.
const ours = 'o'

// seed is that of all blocks.
var seed = bc.Hash{V3: 7}

// fakeChain is a chain of hashes. It serves work too, as a mining.Source.
type fakeChain struct {
	mu   sync.Mutex
	tip  uint64
	from uint64 // from this height on it is the other branch
	to   byte
	side map[bc.Hash]uint64
}

func newChain(height uint64) *fakeChain {
	return &fakeChain{tip: height, from: 1 << 62, side: make(map[bc.Hash]uint64)}
}

// at is the chain's block of a height. The caller holds mu.
func (c *fakeChain) at(height uint64) bc.Hash {
	if height >= c.from {
		return block(c.to, height)
	}
	return block(ours, height)
}

func (c *fakeChain) grow(blocks uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tip += blocks
}

// reorganise has the chain follow another branch from a height on.
func (c *fakeChain) reorganise(branch byte, from, tip uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.from, c.to, c.tip = from, branch, tip
}

func (c *fakeChain) after(hash bc.Hash, height uint64) mining.Tip {
	return mining.Tip{Hash: hash, Height: height, Bits: easyBits, Seed: seed, MedianTime: 1000}
}

func (c *fakeChain) Tip() mining.Tip {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.after(c.at(c.tip), c.tip)
}

func (c *fakeChain) After(parent bc.Hash) (mining.Tip, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if height, ok := c.side[parent]; ok {
		return c.after(parent, height), true
	}
	if parent.V1 <= c.tip && c.at(parent.V1) == parent {
		return c.after(parent, parent.V1), true
	}
	return mining.Tip{}, false
}

func (c *fakeChain) Place(id bc.Hash, height uint64) mining.Place {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := mining.Place{Best: c.tip}
	if height <= c.tip {
		p.There = c.at(height)
	}
	p.Main = id.V1 <= c.tip && c.at(id.V1) == id
	_, side := c.side[id]
	p.Known = p.Main || side
	return p
}

func (c *fakeChain) Select(context.Context, mining.Tip) ([]mining.Candidate, error) { return nil, nil }
func (c *fakeChain) Check(context.Context, *types.Block) error                      { return nil }
func (c *fakeChain) Ready() error                                                   { return nil }

// work is what a source shows that builds on a branch's block.
func work(branch byte, on uint64) view {
	return view{height: on + 1, parent: block(branch, on), bits: easyBits, seed: seed}
}

// scene is a watcher of sources that a test plays, on a virtual clock.
type scene struct {
	*Watcher
	chain  *fakeChain
	log    *safeBuffer
	says   chan any // of the first source: a view or an error
	events []string // the alarms, with when they came
	start  time.Time
	mu     sync.Mutex
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// count is how many lines of the log have a text.
func (b *safeBuffer) count(text string) int { return strings.Count(b.String(), text) }

// play runs a test in a bubble with a watcher of one source, whose settling is over.
func play(t *testing.T, height uint64, f func(*scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{chain: newChain(height), log: new(safeBuffer), says: make(chan any)}
		sources, err := ParseSources([]string{"stratum+tcp://us.watch:hunter2@pool.example:3333"})
		if err != nil {
			t.Fatal(err)
		}
		s.Watcher = New(Config{
			Sources: sources, Chain: s.chain, Changed: s.changed, Log: slog.New(slog.NewTextHandler(s.log, nil)),
		})
		s.sources[0].follow = s.follow
		ctx, cancel := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() { _ = s.Run(ctx); close(stopped) }()
		time.Sleep(settling + time.Second/2) // It never looks while a source says something.
		s.start = time.Now()
		f(s)
		cancel()
		<-stopped
	})
}

// follow plays what the test sends.
func (s *scene) follow(ctx context.Context, r report) error {
	for {
		select {
		case said := <-s.says:
			if err, ok := said.(error); ok {
				return err
			}
			r.saw(said.(view))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *scene) changed(a Alarm, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := a.Kind.String() + " at " + time.Since(s.start).Round(time.Second).String()
	if over {
		text = "no " + text
	}
	s.events = append(s.events, text)
}

// told are the alarms since the last call.
func (s *scene) told() string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	text := strings.Join(s.events, ", ")
	s.events = nil
	return text
}

// pass shows a source's work again and again for a time, as pools do.
func (s *scene) pass(v view, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(min(time.Second, time.Until(end))) {
		s.says <- v
	}
}

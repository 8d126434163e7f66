package chain_test

import (
	"bytes"
	"context"
	"crypto/sha3"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestSeedBoundaries mines over the heights at which the seed changes, and holds
// every hash to the seed that its header's parent asks for.
func TestSeedBoundaries(t *testing.T) {
	w := newSeedWork(t)
	const height = 514
	w.mineTo(t, height)
	w.stop(t)
	spent := w.trace(t)
	perHeight := make(map[uint64]int)
	for _, s := range spent {
		perHeight[s.tip.Height+1]++
	}
	// Above the last block nothing can be found.
	for h := uint64(1); h <= height+1; h++ {
		if perHeight[h] == 0 {
			t.Errorf("no hash was spent on height %d", h)
		}
	}
	w.checkSpent(t, spent)
	first, second := w.hashAt(t, 256), w.hashAt(t, 512)
	w.checkExpanded(t, *consensus.InitialSeed, first, second)
}

// TestSeedAcrossReorganisations has the best chain go to and fro between two branches
// that have a block of their own where the seed changes.
func TestSeedAcrossReorganisations(t *testing.T) {
	for _, test := range []struct {
		name         string
		fork, height uint64
	}{
		{"a branch from before the boundary", 254, 258},
		{"two blocks at the boundary", 255, 256},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Opening a chain sets variables of the process: all of them first, then
			// the one that something runs on.
			ours, theirs := newSeedFixture(t), newSeedFixture(t)
			w := newSeedWork(t)
			w.mineTo(t, test.height)
			first := w.hashAt(t, 256)
			copyChain(t, ours, w.Fixture, test.height)
			copyChain(t, theirs, w.Fixture, test.fork)

			w.reorganise(t, extend(t, theirs, test.height+1))
			second := w.hashAt(t, 256)
			if second == first {
				t.Fatal("both branches have the same block at the boundary")
			}
			w.awaitHashes(t, second)
			w.reorganise(t, extend(t, ours, test.height+2))
			w.awaitHashes(t, first)
			w.reorganise(t, extend(t, theirs, test.height+3))
			w.awaitHashes(t, second)

			w.stop(t)
			w.checkSpent(t, w.trace(t))
			w.checkExpanded(t, *consensus.InitialSeed, first, second)
		})
	}
}

// newSeedFixture is a quick fixture whose proofs depend on the seed, as Tensority's
// do: what was hashed with a wrong one is refused.
func newSeedFixture(t *testing.T) *chaintest.Fixture {
	t.Helper()
	return chaintest.NewOn(t, newSeedBackend(), true)
}

// copyChain brings the main chain of one fixture to another, up to a height.
func copyChain(t *testing.T, to, from *chaintest.Fixture, height uint64) {
	t.Helper()
	for h := uint64(1); h <= height; h++ {
		b, err := from.Bytom.GetBlockByHeight(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Gate.Process(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
}

// extend makes a fixture's chain longer, and returns all its blocks that stand above
// height 254, where the branches of these tests begin at the lowest.
func extend(t *testing.T, f *chaintest.Fixture, height uint64) []*types.Block {
	t.Helper()
	for f.Bytom.BestBlockHeight() < height {
		if outcome, err := f.Gate.Process(t.Context(), f.Block(t, 1)); outcome != mining.MainChain || err != nil {
			t.Fatal(outcome, err)
		}
	}
	var blocks []*types.Block
	for h := uint64(255); h <= height; h++ {
		b, err := f.Bytom.GetBlockByHeight(h)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

// seedWork is a fixture on which a miner mines, every hash of which is recorded.
type seedWork struct {
	*chaintest.Fixture
	source *tipRecorder
	device *seedBackend
	miner  *mining.Miner
	config mining.GeneratorConfig
	// lease is the first worker's part of the extranonces.
	lease uint32
	// height is where the miner's luck ends.
	height uint64
	stop   func(t *testing.T)
}

func newSeedWork(t *testing.T) *seedWork {
	t.Helper()
	w := &seedWork{Fixture: newSeedFixture(t), device: newSeedBackend()}
	w.source = &tipRecorder{Source: w.Chain}
	now := time.Now() // It stands still: a tip has one template then.
	w.config = mining.GeneratorConfig{
		Source: w.source, Payee: func() (mining.Payee, []byte, error) { return chaintest.Payee, nil, nil },
		Now: func() time.Time { return now }, EmptyAfter: time.Hour,
	}
	generator := mining.NewGenerator(w.config)
	w.OnTip = func() {
		if w.Bytom.BestBlockHeight() >= w.height {
			w.device.setBarren()
		}
		generator.TipChanged()
	}
	space := mining.NewExtranonces()
	w.lease = uint32(space.Lease().Next()>>32) + 1
	w.miner = mining.NewMiner(mining.MinerConfig{
		Devices: []compute.Backend{w.device}, Settings: mining.MinerSettings{Devices: []string{w.device.Info().Name}},
		Generator: generator, Submitter: w.Submitter, Extranonces: space,
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{generator.Run, w.miner.Run} {
		running.Go(func() {
			if err := run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("run: %v", err)
			}
		})
	}
	w.stop = func(t *testing.T) {
		cancel()
		running.Wait()
		if failed := w.miner.Devices()[0].Failed; failed != "" {
			t.Errorf("the device failed: %s", failed)
		}
	}
	t.Cleanup(func() { cancel(); running.Wait() })
	return w
}

// mineTo has the miner find blocks up to a height, and none above, though it goes on.
func (w *seedWork) mineTo(t *testing.T, height uint64) {
	t.Helper()
	w.height = height
	w.miner.SetMining(true)
	testnet.Wait(t, 3*time.Minute, func() error {
		if h := w.Bytom.BestBlockHeight(); h != height {
			return fmt.Errorf("height %d, expected %d", h, height)
		}
		return nil
	})
	w.awaitHashes(t, w.Chain.Tip().Seed)
}

// awaitHashes waits until every worker has spent some hashes with a seed, from now
// on.
func (w *seedWork) awaitHashes(t *testing.T, seed bc.Hash) {
	t.Helper()
	before := len(w.device.recorded())
	testnet.Wait(t, time.Minute, func() error {
		perHasher := make(map[int]int)
		for _, s := range w.device.recorded()[before:] {
			if s.seed == seed.Byte32() {
				perHasher[s.hasher]++
			}
		}
		busy := 0
		for _, n := range perHasher {
			if n > 5 {
				busy++
			}
		}
		if busy != w.device.Info().Workers {
			return fmt.Errorf("hashes with seed %s, by hasher: %v", seed.String(), perHasher)
		}
		return nil
	})
}

// reorganise brings a longer branch to the chain.
func (w *seedWork) reorganise(t *testing.T, branch []*types.Block) {
	t.Helper()
	for _, b := range branch {
		if _, err := w.Gate.Process(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if tip := branch[len(branch)-1].Hash(); w.Chain.Tip().Hash != tip {
		t.Fatalf("the longer branch of %s is not the best chain", tip.String())
	}
}

// hashAt is the main chain's block at a height.
func (w *seedWork) hashAt(t *testing.T, height uint64) bc.Hash {
	t.Helper()
	h, err := w.Bytom.GetHeaderByHeight(height)
	if err != nil {
		t.Fatal(err)
	}
	return h.Hash()
}

// checkSpent holds each hash to the rule for its seed, and each worker to the order
// of the tips: it never goes back to work that was replaced. It logs how long each
// worker was without work where the seed changed.
func (w *seedWork) checkSpent(t *testing.T, spent []tracedHash) {
	t.Helper()
	last := make(map[uint32]tracedHash)
	for _, s := range spent {
		if want := w.seedAbove(t, s.tip); s.seed != want.Byte32() {
			t.Fatalf("a hash for height %d with seed %x, expected %s", s.tip.Height+1, s.seed, want.String())
		}
		if l := last[s.worker]; s.tipIndex < l.tipIndex {
			t.Fatalf("worker %d went back from work on tip %d (height %d) to tip %d (height %d)",
				s.worker, l.tipIndex, l.tip.Height, s.tipIndex, s.tip.Height)
		}
		if l, ok := last[s.worker]; ok && l.seed != s.seed {
			t.Logf("worker %d hashes with seed %x %v after it had to", s.worker, s.seed[:4], s.at.Sub(w.source.at[s.tipIndex]))
		}
		last[s.worker] = s
	}
	if workers := w.device.Info().Workers; len(last) != workers {
		t.Errorf("%d workers have hashed, expected %d", len(last), workers)
	}
}

// seedAbove is the seed for what builds on a tip, by the rule: the last block before
// it whose height is a multiple of 256.
func (w *seedWork) seedAbove(t *testing.T, tip mining.Tip) bc.Hash {
	t.Helper()
	node := w.Bytom.GetBlockIndex().GetNode(&tip.Hash)
	for node.Height%256 != 0 {
		node = node.Parent
	}
	if node.Height == 0 {
		return *consensus.InitialSeed
	}
	return node.Hash
}

// checkExpanded holds the device to one expansion of each of these seeds.
func (w *seedWork) checkExpanded(t *testing.T, seeds ...bc.Hash) {
	t.Helper()
	want := make(map[[32]byte]int)
	for _, s := range seeds {
		want[s.Byte32()] = 1
	}
	w.device.mu.Lock()
	defer w.device.mu.Unlock()
	if !maps.Equal(w.device.expanded, want) {
		t.Errorf("expansions by seed: %x, expected one of each of %v", w.device.expanded, seeds)
	}
}

// tracedHash is a recorded hash with the work that its header was made of.
type tracedHash struct {
	spentHash
	worker   uint32
	tip      mining.Tip
	tipIndex int
}

// trace finds the tip behind each recorded hash, by making the headers again: there
// is a template for each tip, an extranonce for each job of a worker, and nonces
// from 0 on. It is called when the miner has stopped.
func (w *seedWork) trace(t *testing.T) []tracedHash {
	t.Helper()
	var templates []*mining.Template
	for _, tip := range w.source.tips {
		templates = append(templates, w.templateOn(t, tip))
	}
	jobs := make(map[int]*jobTrace) // by hasher
	workers := make(map[uint32]*jobTrace)
	var out []tracedHash
	for _, s := range w.device.recorded() {
		j := jobs[s.hasher]
		if j == nil || !j.next(s.header) {
			if j = w.findJob(templates, workers, s.header); j == nil {
				t.Fatalf("header %x is of no template", s.header)
			}
			jobs[s.hasher], workers[j.worker] = j, j
		}
		out = append(out, tracedHash{s, j.worker, w.source.tips[j.tipIndex], j.tipIndex})
	}
	return out
}

// jobTrace is a job that a worker is at.
type jobTrace struct {
	worker   uint32
	roll     uint64
	tipIndex int
	job      *mining.Job
	nonce    uint64
}

// next tells whether a header is the job's next one.
func (j *jobTrace) next(header [32]byte) bool {
	if j.job.HeaderHash(j.job.Template.Timestamp, j.nonce) != header {
		return false
	}
	j.nonce++
	return true
}

// findJob finds the job whose first header this is: one of a worker's next, on any of
// the tips, beginning with the one that the worker was on.
func (w *seedWork) findJob(templates []*mining.Template, last map[uint32]*jobTrace, header [32]byte) *jobTrace {
	for distance := range templates {
		for worker := range uint32(w.device.Info().Workers) {
			before := jobTrace{}
			if l := last[worker]; l != nil {
				before = *l
			}
			for _, i := range []int{before.tipIndex + distance, before.tipIndex - distance} {
				if i < 0 || i >= len(templates) {
					continue
				}
				for roll := before.roll + 1; roll < before.roll+5; roll++ { // Work may be replaced before its first hash.
					job := mining.NewJob(templates[i], uint64(w.lease+worker)<<32|roll)
					if j := (&jobTrace{worker: worker, roll: roll, tipIndex: i, job: job}); j.next(header) {
						return j
					}
				}
			}
		}
	}
	return nil
}

// templateOn is the template that the miner had on a tip.
func (w *seedWork) templateOn(t *testing.T, tip mining.Tip) *mining.Template {
	t.Helper()
	config := w.config
	config.Source = fixedTip{tip: tip}
	g := mining.NewGenerator(config)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	templates, done := g.Subscribe()
	defer done()
	go g.Run(ctx)
	select {
	case template := <-templates:
		return template
	case <-ctx.Done():
		t.Fatalf("no template on height %d", tip.Height)
		return nil
	}
}

// fixedTip is a chain without transactions that stays where it is.
type fixedTip struct {
	mining.Source
	tip mining.Tip
}

func (f fixedTip) Tip() mining.Tip                         { return f.tip }
func (fixedTip) Check(context.Context, *types.Block) error { return nil }
func (fixedTip) Ready() error                              { return nil }
func (fixedTip) Select(context.Context, mining.Tip) ([]mining.Candidate, error) {
	return nil, nil
}

// tipRecorder is a source that records the tips that it was asked for, in order.
type tipRecorder struct {
	mining.Source
	mu   sync.Mutex
	tips []mining.Tip
	at   []time.Time
}

func (r *tipRecorder) Tip() mining.Tip {
	r.mu.Lock()
	defer r.mu.Unlock()
	tip := r.Source.Tip()
	if n := len(r.tips); n == 0 || r.tips[n-1].Hash != tip.Hash {
		r.tips, r.at = append(r.tips, tip), append(r.at, time.Now())
	}
	return tip
}

// seedBackend computes SHA3 of header and seed instead of Tensority, keeps as many
// seeds as a real one and records each hash.
type seedBackend struct {
	seeds *compute.SeedCache[[32]byte]

	mu       sync.Mutex
	barren   bool
	hashers  int
	expanded map[[32]byte]int
	spent    []spentHash
}

// spentHash is a hash that a miner has asked for.
type spentHash struct {
	hasher       int
	header, seed [32]byte
	at           time.Time
}

func newSeedBackend() *seedBackend {
	b := &seedBackend{expanded: make(map[[32]byte]int)}
	b.seeds = compute.NewSeedCache(compute.SeedsKept, func(seed [32]byte) ([32]byte, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.expanded[seed]++
		return seed, nil
	}, nil)
	return b
}

// setBarren has the backend find no more solutions, and take its time.
func (b *seedBackend) setBarren() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.barren = true
}

// recorded are the hashes so far.
func (b *seedBackend) recorded() []spentHash {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.spent[:len(b.spent):len(b.spent)]
}

func (b *seedBackend) Info() compute.Info {
	return compute.Info{Name: "seed", Kernel: "sha3", Workers: 2}
}

func (b *seedBackend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	expanded, release, err := b.seeds.Acquire(ctx, seed)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.hashers++
	return &seedHasher{b: b, serial: b.hashers, seed: expanded, release: release}, nil
}

func (b *seedBackend) Close() error {
	b.seeds.Close()
	return nil
}

type seedHasher struct {
	b       *seedBackend
	serial  int
	seed    [32]byte
	release func()
}

func (h *seedHasher) Batch() int { return 2 }

func (h *seedHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	barren := false
	for i, header := range headers {
		if barren = h.b.record(spentHash{h.serial, header, h.seed, time.Now()}); barren {
			results[i] = [32]byte(bytes.Repeat([]byte{0xff}, 32))
			continue
		}
		results[i] = sha3.Sum256(append(header[:], h.seed[:]...))
	}
	if barren {
		time.Sleep(200 * time.Microsecond)
	}
	return ctx.Err()
}

func (h *seedHasher) Close() error {
	h.release()
	return nil
}

// record keeps a hash and tells whether nothing can be found any longer.
func (b *seedBackend) record(s spentHash) (barren bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = append(b.spent, s)
	return b.barren
}

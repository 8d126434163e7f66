package chain_test

import (
	"context"
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

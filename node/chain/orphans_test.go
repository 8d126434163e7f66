package chain_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// TestEarlyBlocks brings blocks in reverse: the last completes the chain, and each
// costs one hash of ours.
func TestEarlyBlocks(t *testing.T) {
	source := chaintest.NewQuick(t)
	var blocks []*types.Block
	for i := range 4 {
		b := source.Block(t, uint64(i))
		if _, err := source.Gate.Process(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	f := chaintest.NewQuick(t)
	for _, b := range slices.Backward(blocks[1:]) {
		orphan, err := peersOf(f).ProcessBlock(b)
		if err != nil || !orphan {
			t.Fatalf("height %d before its parent: orphan %v, error %v", b.Height, orphan, err)
		}
	}
	if n := f.Verifying.Hashes.Load(); n != 0 {
		t.Errorf("%d hashes were spent on blocks of unknown parents", n)
	}
	if outcome, err := f.Gate.Process(t.Context(), blocks[0]); err != nil || outcome != mining.MainChain {
		t.Fatalf("outcome %s, error %v", outcome, err)
	}
	if h := f.Bytom.BestBlockHeight(); h != 4 {
		t.Errorf("height %d after the missing block came, expected 4", h)
	}
	if n := f.Verifying.Hashes.Load(); n != 4 {
		t.Errorf("%d hashes for 4 blocks", n)
	}
}

// TestEarlySiblings brings three children before their parent. In the stock node's
// own pool of orphans that ends in a panic of the chain's goroutine.
func TestEarlySiblings(t *testing.T) {
	source := chaintest.NewQuick(t)
	parent := source.Block(t, 1)
	if _, err := source.Gate.Process(t.Context(), parent); err != nil {
		t.Fatal(err)
	}
	f := chaintest.NewQuick(t)
	for i := range 3 {
		if outcome, err := f.Gate.Process(t.Context(), source.Block(t, uint64(i))); err != nil || outcome != mining.Orphan {
			t.Fatalf("outcome %s, error %v", outcome, err)
		}
	}
	if outcome, err := f.Gate.Process(t.Context(), parent); err != nil || outcome != mining.MainChain {
		t.Fatalf("outcome %s, error %v", outcome, err)
	}
	if h := f.Bytom.BestBlockHeight(); h != 2 {
		t.Errorf("height %d, expected 2", h)
	}
}

// TestEarlyBlockThatIsRefused has no proof of work, which shows when its parent comes.
func TestEarlyBlockThatIsRefused(t *testing.T) {
	source := chaintest.NewQuick(t)
	parent := source.Block(t, 1)
	if _, err := source.Gate.Process(t.Context(), parent); err != nil {
		t.Fatal(err)
	}
	miss := source.Solve(t, mining.NewJob(source.Template(t), 2), false)
	child, err := miss.Job.Block(miss.Timestamp, miss.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		child  *types.Block
		height uint64
		told   int
	}{{child, 1, 1}, {source.Block(t, 2), 2, 0}} {
		f := chaintest.NewQuick(t)
		var log bytes.Buffer
		gate := chain.NewGate(f.Bytom, f.Verifier, func() {}, slog.New(slog.NewTextHandler(&log, nil)))
		for i, b := range []*types.Block{c.child, parent} {
			if _, err := gate.Process(t.Context(), b); err != nil {
				t.Fatalf("block %d: %v", i, err)
			}
		}
		if h := f.Bytom.BestBlockHeight(); h != c.height {
			t.Errorf("height %d, expected %d", h, c.height)
		}
		if n := strings.Count(log.String(), "early block refused"); n != c.told {
			t.Errorf("height %d: refusals in the log: %d, expected %d\n%s", c.height, n, c.told, &log)
		}
	}
}

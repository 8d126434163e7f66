package node

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestEarlyBlocks brings blocks in reverse: the last completes the chain, and each
// costs one hash of ours.
func TestEarlyBlocks(t *testing.T) {
	source := newQuickFixture(t)
	var blocks []*types.Block
	for i := range 4 {
		b := source.Block(t, uint64(i))
		if _, err := source.gate.process(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, b)
	}
	f := newQuickFixture(t)
	for _, b := range slices.Backward(blocks[1:]) {
		orphan, err := peerChain{f.bytom.chain, f.gate, f.clock}.ProcessBlock(b)
		if err != nil || !orphan {
			t.Fatalf("height %d before its parent: orphan %v, error %v", b.Height, orphan, err)
		}
	}
	if n := f.verifying.hashes.Load(); n != 0 {
		t.Errorf("%d hashes were spent on blocks of unknown parents", n)
	}
	if outcome, err := f.gate.process(t.Context(), blocks[0]); err != nil || outcome != mining.MainChain {
		t.Fatalf("outcome %s, error %v", outcome, err)
	}
	if h := f.bytom.chain.BestBlockHeight(); h != 4 {
		t.Errorf("height %d after the missing block came, expected 4", h)
	}
	if n := f.verifying.hashes.Load(); n != 4 {
		t.Errorf("%d hashes for 4 blocks", n)
	}
}

// TestEarlySiblings brings three children before their parent. In the stock node's
// own pool of orphans that ends in a panic of the chain's goroutine.
func TestEarlySiblings(t *testing.T) {
	source := newQuickFixture(t)
	parent := source.Block(t, 1)
	if _, err := source.gate.process(t.Context(), parent); err != nil {
		t.Fatal(err)
	}
	f := newQuickFixture(t)
	for i := range 3 {
		if outcome, err := f.gate.process(t.Context(), source.Block(t, uint64(i))); err != nil || outcome != mining.Orphan {
			t.Fatalf("outcome %s, error %v", outcome, err)
		}
	}
	if outcome, err := f.gate.process(t.Context(), parent); err != nil || outcome != mining.MainChain {
		t.Fatalf("outcome %s, error %v", outcome, err)
	}
	if h := f.bytom.chain.BestBlockHeight(); h != 2 {
		t.Errorf("height %d, expected 2", h)
	}
}

// TestEarlyBlockThatIsRefused has no proof of work, which shows when its parent comes.
func TestEarlyBlockThatIsRefused(t *testing.T) {
	source := newQuickFixture(t)
	parent := source.Block(t, 1)
	if _, err := source.gate.process(t.Context(), parent); err != nil {
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
		f := newQuickFixture(t)
		var log bytes.Buffer
		f.gate.log = slog.New(slog.NewTextHandler(&log, nil))
		for i, b := range []*types.Block{c.child, parent} {
			if _, err := f.gate.process(t.Context(), b); err != nil {
				t.Fatalf("block %d: %v", i, err)
			}
		}
		if h := f.bytom.chain.BestBlockHeight(); h != c.height {
			t.Errorf("height %d, expected %d", h, c.height)
		}
		if n := strings.Count(log.String(), "early block refused"); n != c.told {
			t.Errorf("height %d: refusals in the log: %d, expected %d\n%s", c.height, n, c.told, &log)
		}
	}
}

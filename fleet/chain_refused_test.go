package fleet

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/mining"
)

// TestARefusalIsNotTheLastWord: the second node has a block, which the first refuses by its clock; the second is away for a moment
// as the nodes are asked.
func TestARefusalIsNotTheLastWord(t *testing.T) {
	var away atomic.Bool
	taken := answering(0, Verdict{Outcome: int(mining.MainChain), Main: true, Best: 7})
	refuses := answering(0, Verdict{Error: string(mining.ErrTimeTooNew), Detail: "its clock is wrong"})
	c, block := chainTest(t, NewMemory(), []PublicKey{{1}, {2}}, refuses, func(ctx context.Context, sealed []byte) (Verdict, error) {
		if away.Load() {
			return silent(ctx, sealed)
		}
		return taken(ctx, sealed)
	}), foundBlock(7)
	if _, err := c.Process(t.Context(), block, finder); err != nil {
		t.Fatal(err)
	}
	away.Store(true)
	if err := c.Ask(t.Context(), block, finder); err != nil {
		t.Error(err)
	}
	if outcome, err := c.Process(t.Context(), block, finder); outcome != mining.Duplicate || err != nil {
		t.Errorf("%v, %v, expected that a node has it", outcome, err)
	}
	if p := c.Place(block.Hash(), 7); !p.Main || p.Invalid != nil || len(c.Owed()) != 1 {
		t.Errorf("it is at %+v, and %d are owed", p, len(c.Owed()))
	}
}

// TestARefusalWaitsForTheOthers: a node whose clock is wrong refuses a block by HTTP; another, whose HTTP is
// closed, takes it by the engine a moment later.
func TestARefusalWaitsForTheOthers(t *testing.T) {
	engine, node := NewMemory(), NewKey().Public()
	defer engine.Close()
	refuses := answering(0, Verdict{Error: string(mining.ErrTimeTooNew), Detail: "its clock is wrong"})
	c, block := chainTest(t, engine, []PublicKey{{1}, node}, refuses, silent), foundBlock(7)
	id := block.Hash()
	cancel, err := engine.Subscribe(Subject(node)+".from", func([]byte) {
		time.Sleep(50 * time.Millisecond)
		v := NewVerdict(id, mining.Verdict{Outcome: mining.MainChain, Main: true, Winner: id}, 7, nil)
		c.Verdict(node, &v)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	if outcome, err := c.Process(t.Context(), block, finder); outcome != mining.MainChain || err != nil {
		t.Errorf("%v, %v, expected that it is taken", outcome, err)
	}
}

// TestARefusalSaidAgainIsARefusal: a node's refusal gets lost on its way; brought to it again, its chain has the block, and
// why it refused that, and by now another is at its height.
func TestARefusalSaidAgainIsARefusal(t *testing.T) {
	block := foundBlock(7)
	id := block.Hash()
	again := NewVerdict(id, mining.Verdict{Outcome: mining.Duplicate, Invalid: mining.ErrBadTx, Winner: bc.NewHash([32]byte{9})}, 8, nil)
	c := chainTest(t, NewMemory(), nil, answering(0, again))
	if outcome, err := c.Process(t.Context(), block, finder); !errors.Is(err, mining.ErrBadTx) || !c.HeardFirst(id).IsZero() {
		t.Errorf("%v, %v, expected the refusal; the first node has it: %v", outcome, err, !c.HeardFirst(id).IsZero())
	}
}

// stuck is an engine whose machine takes nothing in for a while.
type stuck struct {
	*Memory
	until chan struct{}
}

func (s stuck) Publish(string, []byte) error { <-s.until; return ErrAway }

// TestAVerdictDoesNotWaitForTheEngine: the node has answered by HTTP; who brought the block is told so.
func TestAVerdictDoesNotWaitForTheEngine(t *testing.T) {
	engine := stuck{NewMemory(), make(chan struct{})}
	defer engine.Close()
	c := chainTest(t, engine, []PublicKey{{1}}, answering(0, Verdict{Outcome: int(mining.MainChain), Main: true, Best: 7}))
	answered := make(chan error, 1)
	go func() { _, err := c.Process(t.Context(), foundBlock(7), finder); answered <- err }()
	select {
	case err := <-answered:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("twenty seconds after a node has taken the block Process waits still")
	}
	close(engine.until)
}

// TestAnOrphanIsFollowed: a front starts again, and brings a block of before to its node, which has lost the chain below it with
// its disk. Caught up, the node says where the block stands: that it did not know before was no refusal.
func TestAnOrphanIsFollowed(t *testing.T) {
	node, winner := PublicKey{1}, bc.NewHash([32]byte{9})
	c, block := chainTest(t, NewMemory(), []PublicKey{node}, answering(0, Verdict{Outcome: int(mining.Orphan), Best: 5})), foundBlock(7)
	if outcome, err := c.Process(t.Context(), block, finder); outcome != mining.Orphan || err != nil {
		t.Fatalf("%v, %v", outcome, err)
	}
	for _, main := range []bool{false, true} {
		v := NewVerdict(block.Hash(), mining.Verdict{Outcome: mining.Duplicate, Main: main, Winner: winner}, 15, nil)
		c.Verdict(node, &v)
		if p := c.Place(block.Hash(), 7); !p.Known || p.Main != main || p.There != winner || !p.Decided(7) {
			t.Errorf("it is at %+v, and on the best chain: %v", p, main)
		}
	}
}

// TestTheFirstNodeDecidesWhereABlockStands: two nodes on different branches do not have it leave the best chain and come back
// with each word of theirs. Where the first has said nothing for long, or never, the other's word counts.
func TestTheFirstNodeDecidesWhereABlockStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second, other := PublicKey{1}, PublicKey{2}, bc.NewHash([32]byte{9})
		c, id := chainTest(t, NewMemory(), []PublicKey{first, second}), foundBlock(7).Hash()
		main := NewVerdict(id, mining.Verdict{Outcome: mining.Duplicate, Main: true, Winner: id}, 9, nil)
		lost := NewVerdict(id, mining.Verdict{Outcome: mining.Duplicate, Winner: other}, 10, nil)
		stands := func(main bool, why string) {
			t.Helper()
			if p := c.Place(id, 7); !p.Known || p.Main != main {
				t.Errorf("%s: the block is at %+v, expected main chain %v", why, p, main)
			}
		}
		c.Verdict(second, &lost)
		stands(false, "the second alone has spoken")
		for range 3 {
			c.Verdict(first, &main)
			stands(true, "the first has spoken")
			time.Sleep(30 * time.Second)
			c.Verdict(second, &lost)
			stands(true, "the second has spoken after the first")
			time.Sleep(30 * time.Second)
		}
		c.Verdict(first, &lost)
		stands(false, "the first is on the other branch, too")
		time.Sleep(firstSpeaksFor)
		c.Verdict(second, &main)
		stands(true, "the first is silent")
	})
}

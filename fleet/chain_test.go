package fleet

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
)

func foundBlock(height uint64) *types.Block {
	return &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: height}, Transactions: []*types.Tx{types.NewTx(types.TxData{
		Version: 1, Inputs: []*types.TxInput{types.NewCoinbaseInput([]byte{1})}, Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 1, []byte{0x51})},
	})}}
}

// chainTest is a Chain whose nodes answer as a test has them.
func chainTest(t *testing.T, engine Engine, nodes []PublicKey, couriers ...Courier) *Chain {
	return NewChain(ChainConfig{
		Engine: engine, Key: NewKey(), Network: network, Feed: NewFeed(FeedConfig{}), Nodes: nodes, Couriers: couriers, Patience: 300 * time.Millisecond,
	})
}

// finder is who found the tests' blocks.
var finder = mining.Finder{Name: "shed.rig1", Address: "10.0.0.7", Owner: "ada", Work: 5}

// answering is a courier to a node that says so of each block.
func answering(after time.Duration, v Verdict) Courier {
	return func(_ context.Context, sealed []byte) (Verdict, error) {
		m, err := Open(sealed, network, func(PublicKey) bool { return true })
		if err != nil {
			return Verdict{}, err
		}
		block, err := DecodeBlock(m.Body.(*Block).Raw)
		if err != nil {
			return Verdict{}, err
		}
		time.Sleep(after)
		said, id := v, block.Hash()
		said.Hash = id.Byte32()
		return said, nil
	}
}

func silent(context.Context, []byte) (Verdict, error) {
	return Verdict{}, errors.New("connection refused")
}

// TestWhoTakesABlockDecides: a block that one node takes is taken, whatever another says or when;
// one that nobody has answered for is to be sent again.
func TestWhoTakesABlockDecides(t *testing.T) {
	taken := answering(20*time.Millisecond, Verdict{Outcome: int(mining.MainChain), Main: true, Best: 7})
	refuses := answering(0, Verdict{Error: string(mining.ErrBadBits), Detail: "bad-diffbits: bits 5, expected 7"})
	early := answering(0, Verdict{Error: string(mining.ErrTimeTooNew), Detail: "its clock is wrong"})
	open := answering(0, Verdict{Outcome: int(mining.Duplicate), Best: 6})
	orphan := answering(0, Verdict{Outcome: int(mining.Orphan)})
	for _, test := range []struct {
		name     string
		couriers []Courier
		outcome  mining.Outcome
		err      error
		known    bool
	}{
		{"a node takes it", []Courier{taken}, mining.MainChain, nil, true},
		{"another is not there", []Courier{silent, taken}, mining.MainChain, nil, true},
		{"another refuses it first", []Courier{refuses, taken}, mining.MainChain, nil, true},
		{"another lacks its parent", []Courier{orphan, taken}, mining.MainChain, nil, true},
		{"the only one refuses it", []Courier{refuses}, 0, mining.ErrBadBits, true},
		{"both refuse it", []Courier{refuses, refuses}, 0, mining.ErrBadBits, true},
		{"one refuses it, the other is not there", []Courier{refuses, silent}, 0, mining.ErrBadBits, true},
		{"one refuses it by its clock, the other is not there", []Courier{early, silent}, 0, mining.ErrNotReady, false},
		{"one refuses it by its clock, the other lacks its parent", []Courier{early, orphan}, mining.Orphan, nil, false},
		{"both refuse it by their clocks", []Courier{early, early}, 0, mining.ErrTimeTooNew, false},
		{"it has not decided", []Courier{open}, 0, mining.ErrNotReady, false},
		{"it has not decided by the one way, and takes it by the other", []Courier{open, taken}, mining.MainChain, nil, true},
		{"the only one lacks its parent", []Courier{orphan}, mining.Orphan, nil, false},
		{"nobody is there", []Courier{silent, silent}, 0, mining.ErrNotReady, false},
		{"there is no way", nil, 0, mining.ErrNotReady, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, block := chainTest(t, NewMemory(), nil, test.couriers...), foundBlock(7)
			outcome, err := c.Process(t.Context(), block, finder)
			if outcome != test.outcome || !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Errorf("%v, %v, expected %v, %v", outcome, err, test.outcome, test.err)
			}
			p := c.Place(block.Hash(), 7)
			if p.Known != test.known || p.Main != (test.err == nil && test.outcome == mining.MainChain) || (p.Invalid != nil) != (test.known && test.err != nil) {
				t.Errorf("it stands at %+v", p)
			}
		})
	}
}

// TestABlockGoesByTheEngineToo: with no other way it gets there, with who found it, and the
// verdict back.
func TestABlockGoesByTheEngineToo(t *testing.T) {
	engine, node := NewMemory(), NewKey()
	defer engine.Close()
	c := chainTest(t, engine, []PublicKey{node.Public()}, silent)
	cancel, err := engine.Subscribe(Subject(node.Public())+".from", func(data []byte) {
		m, err := Open(data, network, func(PublicKey) bool { return true })
		if err != nil {
			t.Error(err)
			return
		}
		b := m.Body.(*Block)
		if b.Name != "shed.rig1" || b.Address != "10.0.0.7" || b.Owner != "ada" || b.Work != 5 {
			t.Errorf("the block is of %+v", b)
		}
		block, err := DecodeBlock(b.Raw)
		if err != nil {
			t.Error(err)
			return
		}
		other := NewVerdict(bc.NewHash([32]byte{9}), mining.Verdict{Outcome: mining.MainChain}, 7, nil)
		c.Verdict(PublicKey{}, &other) // Of another block.
		v := NewVerdict(block.Hash(), mining.Verdict{Outcome: mining.SideChain, Winner: bc.NewHash([32]byte{8})}, 7, nil)
		c.Verdict(PublicKey{}, &v)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	if outcome, err := c.Process(t.Context(), foundBlock(7), finder); outcome != mining.SideChain || err != nil {
		t.Errorf("%v, %v, expected %v", outcome, err, mining.SideChain)
	}
}

// TestWhereABlockStandsLater: what a node says later of a block counts, that of an earlier run
// too; of one that was refused it does not.
func TestWhereABlockStandsLater(t *testing.T) {
	engine := NewMemory()
	defer engine.Close()
	c := chainTest(t, engine, []PublicKey{{}}, answering(0, Verdict{Outcome: int(mining.MainChain), Main: true, Best: 7}))
	block := foundBlock(7)
	id, winner := block.Hash(), bc.NewHash([32]byte{9})
	stands := func(main bool) *Verdict {
		v := NewVerdict(id, mining.Verdict{Outcome: mining.Duplicate, Main: main, Winner: winner}, 9, nil)
		return &v
	}
	refused := NewVerdict(id, mining.Verdict{}, 9, mining.ErrBadTx)
	c.note(id, refused, nil)
	c.Verdict(PublicKey{}, stands(true))
	if p := c.Place(id, 7); !p.Known || p.Main || p.Invalid == nil {
		t.Errorf("a block that was refused is at %+v", p)
	}
	c.said.Remove(id)
	c.Verdict(PublicKey{}, stands(false))
	if p := c.Place(id, 7); !p.Known || p.Main {
		t.Errorf("a block of an earlier run is at %+v", p)
	}
	if _, err := c.Process(t.Context(), block, finder); err != nil {
		t.Fatal(err)
	}
	for _, main := range []bool{false, true} {
		c.Verdict(PublicKey{}, stands(main))
		if p := c.Place(id, 7); !p.Known || p.Main != main || p.There != winner || p.Best != 9 {
			t.Errorf("the block is at %+v, expected main chain %v", p, main)
		}
	}
}

// TestTheFirstNodeIsOwedABlock until it has said that it has it: another's word does not do, nor does a refusal.
func TestTheFirstNodeIsOwedABlock(t *testing.T) {
	first, second := PublicKey{1}, PublicKey{2}
	taken := answering(0, Verdict{Outcome: int(mining.MainChain), Main: true, Best: 7})
	refuses := answering(0, Verdict{Error: string(mining.ErrTimeTooNew), Detail: "its clock is wrong"})
	for _, test := range []struct {
		name          string
		first, second Courier
		owed          int
	}{
		{"it is away", silent, taken, 1},
		{"it refuses", refuses, taken, 1},
		{"it takes it", taken, silent, 0},
		{"it takes it later", func(ctx context.Context, sealed []byte) (Verdict, error) {
			time.Sleep(20 * time.Millisecond)
			return taken(ctx, sealed)
		}, taken, 0},
		{"nobody is there", silent, silent, 0}, // It is sent again by who brought it.
		{"all refuse it", refuses, refuses, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, block := chainTest(t, NewMemory(), []PublicKey{first, second}, test.first, test.second), foundBlock(7)
			id := block.Hash()
			_, err := c.Process(t.Context(), block, finder)
			time.Sleep(50 * time.Millisecond) // Who answers later.
			stands := NewVerdict(id, mining.Verdict{Outcome: mining.Duplicate, Main: true, Winner: id}, 9, nil)
			c.Verdict(second, &stands)
			owed := c.Owed()
			if len(owed) != test.owed || len(owed) == 1 && (owed[0].Block.Hash() != id || owed[0].By != finder) {
				t.Errorf("the first node is owed %+v, expected %d; %v", owed, test.owed, err)
			}
			if heard := !c.HeardFirst(id).IsZero(); heard != (err == nil && test.owed == 0) {
				t.Errorf("the first node was heard of it: %v", heard)
			}
			if c.Verdict(first, &stands); len(c.Owed()) != 0 || c.HeardFirst(id).IsZero() {
				t.Error("the first node has said that it has it, and is owed it still")
			}
		})
	}
}

// TestTwoWaitForOneBlock: each that brings a block by the engine has the answer.
func TestTwoWaitForOneBlock(t *testing.T) {
	engine, node := NewMemory(), NewKey().Public()
	defer engine.Close()
	c, block := chainTest(t, engine, []PublicKey{node}, silent), foundBlock(7)
	id := block.Hash()
	came := make(chan struct{}, 2)
	cancel, err := engine.Subscribe(Subject(node)+".from", func([]byte) { came <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if outcome, err := c.Process(t.Context(), block, finder); outcome != mining.MainChain || err != nil {
				t.Errorf("%v, %v, expected that it is taken", outcome, err)
			}
		})
	}
	<-came
	<-came
	v := NewVerdict(id, mining.Verdict{Outcome: mining.MainChain, Main: true, Winner: id}, 7, nil)
	c.Verdict(node, &v)
	both.Wait()
	if n := len(c.waits); n != 0 {
		t.Errorf("%d wait still", n)
	}
}

// TestAnOrphanIsNotLost: a node that does not know a block's parent says what it has at that height, which
// decides nothing: another node may have the block on its chain. A hundred blocks later the parent is nobody's.
func TestAnOrphanIsNotLost(t *testing.T) {
	id, rival := bc.Hash{V0: 1}, bc.Hash{V0: 7}
	c := NewChain(ChainConfig{})
	c.note(id, NewVerdict(id, mining.Verdict{Outcome: mining.Orphan, Winner: rival}, 20, nil), nil)
	if p := c.Place(id, 10); p.Decided(10) || p.Known {
		t.Errorf("%+v is decided", p)
	}
	c.note(id, NewVerdict(id, mining.Verdict{Outcome: mining.Orphan, Winner: rival}, 10+mining.MaturedAt, nil), nil)
	if p := c.Place(id, 10); !p.Decided(10) || p.Main || p.There != rival {
		t.Errorf("%+v: a hundred blocks above it nobody knows its parent, and it is not lost", p)
	}
}

// TestVerdictsKeepTheirKind: an error of package mining is one at the other end too.
func TestVerdictsKeepTheirKind(t *testing.T) {
	for _, kind := range []mining.ErrorKind{mining.ErrHighHash, mining.ErrBadTx, mining.ErrChainFailed, mining.ErrStopped} {
		v := NewVerdict(bc.Hash{}, mining.Verdict{}, 1, &mining.TxError{Index: 1, Err: kind})
		if _, err := v.outcome(); !errors.Is(err, kind) || err.Error() != v.Detail {
			t.Errorf("%v, expected %v", err, kind)
		}
	}
	v := NewVerdict(bc.Hash{}, mining.Verdict{}, 1, errors.New("something else"))
	if _, err := v.outcome(); !errors.Is(err, mining.ErrNotReady) { // It is of no block.
		t.Errorf("%v, expected %v", err, mining.ErrNotReady)
	}
}

// TestABlockIsHashedAhead: a node is told of a block before it comes, and computes one at a time.
func TestABlockIsHashedAhead(t *testing.T) {
	engine := NewMemory()
	defer engine.Close()
	key, front := NewKey(), NewKey()
	var began atomic.Int64
	release := make(chan struct{})
	hub := NewHub(HubConfig{
		Engine: engine, Key: key, Network: network, Templates: noTemplates{}, Fronts: map[PublicKey]string{front.Public(): "front"},
		Solved: func(_ context.Context, header, seed [32]byte) {
			if header != [32]byte{1} || seed != [32]byte{2} {
				t.Errorf("header %x, seed %x", header, seed)
			}
			began.Add(1)
			<-release
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = hub.Run(ctx) })
	defer running.Wait()
	defer cancel()
	c := NewChain(ChainConfig{Engine: engine, Key: front, Network: network, Nodes: []PublicKey{key.Public()}})
	for began.Load() == 0 { // Until the hub has subscribed.
		c.Solved([32]byte{1}, [32]byte{2})
		time.Sleep(time.Millisecond)
	}
	c.Solved([32]byte{1}, [32]byte{2})
	time.Sleep(20 * time.Millisecond)
	if n := began.Load(); n != 1 {
		t.Errorf("%d are computed at once, expected one", n)
	}
	close(release)
}

// noTemplates is a node that has no work.
type noTemplates struct{}

func (noTemplates) Subscribe() (<-chan *mining.Template, func()) { return nil, func() {} }
func (noTemplates) Current() (*mining.Template, error)           { return nil, mining.ErrNotReady }

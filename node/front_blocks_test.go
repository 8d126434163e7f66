package node

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/mining"
)

// frontOf is a front with a journal, nodes and ways to them, as far as its found blocks go.
func frontOf(t *testing.T, couriers ...fleet.Courier) *Front {
	j, err := mining.OpenJournal(filepath.Join(t.TempDir(), "front.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	f := &Front{asked: make(map[bc.Hash]time.Time), station: station{journal: j, log: slog.New(slog.DiscardHandler)}}
	f.chain = fleet.NewChain(fleet.ChainConfig{
		Engine: fleet.NewMemory(), Key: fleet.NewKey(), Network: "solonet", Feed: fleet.NewFeed(fleet.FeedConfig{}), Couriers: couriers, Kept: f.keeps,
		Patience: 300 * time.Millisecond,
	})
	f.submitter = mining.NewSubmitter(mining.SubmitterConfig{Sink: f.chain, Source: f.chain, Journal: j})
	return f
}

// blockOf is a block of a height, as far as a front's journal and nodes look into it.
func blockOf(height uint64) *types.Block {
	return &types.Block{BlockHeader: types.BlockHeader{Version: 1, Height: height}, Transactions: []*types.Tx{types.NewTx(types.TxData{Version: 1})}}
}

// broughtBlock is the block that a front's message has.
func broughtBlock(sealed []byte) (*types.Block, error) {
	m, err := fleet.Open(sealed, "solonet", func(fleet.PublicKey) bool { return true })
	if err != nil {
		return nil, err
	}
	return fleet.DecodeBlock(m.Body.(*fleet.Block).Raw)
}

// takes is a node that has each block on its best chain, which is so long.
func takes(best *uint64) fleet.Courier {
	return func(_ context.Context, sealed []byte) (fleet.Verdict, error) {
		block, err := broughtBlock(sealed)
		if err != nil {
			return fleet.Verdict{}, err
		}
		return fleet.NewVerdict(block.Hash(), mining.Verdict{Outcome: mining.Duplicate, Main: true, Winner: block.Hash()}, *best, nil), nil
	}
}

// solvedWork is a node, and work of it with its proof, which the node's verifier does not know.
func solvedWork(t *testing.T) (*wholeNode, mining.Solution, *types.Block) {
	useNetwork("solonet")
	config := soloConfig(home(t))
	config.Mining.Address = addressOf(t, 9)
	n, _ := newWholeNode(t, config)
	template, err := n.generator.Current()
	if err != nil {
		t.Fatal(err)
	}
	solver := compute.NewVerifier(n.backends[0])
	t.Cleanup(solver.Close)
	n.solonet.verifier = solver
	sol, err := n.solonet.solve(t.Context(), mining.NewJob(template, 5), true)
	if err != nil {
		t.Fatal(err)
	}
	block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	return n, sol, block
}

// TestTheNodeThatBooksHearsOfABlock: the first node restarts while a rig finds a block, which the second takes, and speaks of.
// The first has the share, and so the block must get there too.
func TestTheNodeThatBooksHearsOfABlock(t *testing.T) {
	block := blockOf(7)
	id := block.Hash()
	var away atomic.Bool
	away.Store(true)
	var toFirst atomic.Int32
	first := func(context.Context, []byte) (fleet.Verdict, error) {
		if away.Load() {
			return fleet.Verdict{}, errors.New("connection refused")
		}
		toFirst.Add(1)
		return fleet.NewVerdict(id, mining.Verdict{Outcome: mining.Duplicate, Main: true, Winner: id}, 7, nil), nil
	}
	second := func(context.Context, []byte) (fleet.Verdict, error) {
		return fleet.NewVerdict(id, mining.Verdict{Outcome: mining.MainChain, Main: true, Winner: id}, 7, nil), nil
	}
	f := frontOf(t, first, second)
	if err := f.journal.Record(block, time.Now(), mining.Finder{Kind: mining.FoundByRig, Owner: "ada", Work: 5}); err != nil {
		t.Fatal(err)
	}
	if err := f.submitter.Replay(t.Context()); err != nil { // Brings it, as Submit does.
		t.Fatal(err)
	}
	away.Store(false)
	for best := block.Height; best < 12; best++ { // The second node says so each minute.
		stands := fleet.NewVerdict(id, mining.Verdict{Outcome: mining.Duplicate, Main: true, Winner: id}, best, nil)
		f.chain.Verdict(fleet.PublicKey{}, &stands)
		if err := f.submitter.Replay(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.askFates(t.Context())
		time.Sleep(20 * time.Millisecond) // The first answers behind the second.
	}
	if n := toFirst.Load(); n != 1 {
		t.Errorf("the first node was brought the block %d times, expected once", n)
	}
}

// TestTheFirstNodeThatForgets: the node that books takes a block and dies before its disk has it; when it is back it has
// the block by its peers, not in its journal, and so says nothing of it. It is brought it again, whatever
// the second node says meanwhile.
func TestTheFirstNodeThatForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := blockOf(7)
		id := block.Hash()
		var toFirst atomic.Int32
		taken := fleet.NewVerdict(id, mining.Verdict{Outcome: mining.MainChain, Main: true, Winner: id}, 7, nil)
		first := func(context.Context, []byte) (fleet.Verdict, error) { toFirst.Add(1); return taken, nil }
		second := func(context.Context, []byte) (fleet.Verdict, error) { return taken, nil }
		f := frontOf(t, first, second)
		if err := f.journal.Record(block, time.Now(), mining.Finder{Kind: mining.FoundByRig, Owner: "ada", Work: 5}); err != nil {
			t.Fatal(err)
		}
		if err := f.submitter.Replay(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			time.Sleep(time.Minute)
			stands := fleet.NewVerdict(id, mining.Verdict{Outcome: mining.Duplicate, Main: true, Winner: id}, 8, nil)
			f.chain.Verdict(fleet.PublicKey{2}, &stands)
			f.askFates(t.Context())
		}
		if n := toFirst.Load(); n != 4 { // At once, and each three minutes.
			t.Errorf("the first node was brought the block %d times in ten minutes without a word of it, expected 4", n)
		}
	})
}

// TestTheFirstNodeIsOwedABlockThatNobodyWroteDown: a front without a journal, whose first node is away when it finds a block that the
// second takes, brings it to the first until that has it, or its reward can be spent.
func TestTheFirstNodeIsOwedABlockThatNobodyWroteDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		best, away, toFirst := uint64(7), true, 0
		says := takes(&best)
		first := func(ctx context.Context, sealed []byte) (fleet.Verdict, error) {
			if toFirst++; away {
				return fleet.Verdict{}, errors.New("connection refused")
			}
			return says(ctx, sealed)
		}
		f := frontOf(t, first, says)
		journal := f.journal
		f.journal = nil
		by := mining.Finder{Kind: mining.FoundByRig, Owner: "ada", Work: 5}
		find := func(height uint64) *types.Block {
			t.Helper()
			block := blockOf(height)
			if _, err := f.chain.Process(t.Context(), block, by); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return block
		}
		ask := func(minutes, want int) {
			t.Helper()
			toFirst = 0
			for range minutes {
				f.askFates(t.Context())
				synctest.Wait()
				time.Sleep(time.Minute)
			}
			if toFirst != want {
				t.Errorf("the first node, away %v, was brought the block %d times in %d minutes, expected %d", away, toFirst, minutes, want)
			}
		}
		find(7)
		ask(9, 3)
		away = false
		ask(9, 1)
		away = true
		find(8)
		best = 8 + mining.MaturedAt
		ask(9, 1) // The second says how long the chain is.
		if n := len(f.chain.Owed()); n != 0 {
			t.Errorf("%d blocks are owed for ever", n)
		}
		best = 9
		block := find(9)
		f.journal = journal
		if err := journal.Record(block, time.Now(), by); err != nil {
			t.Fatal(err)
		}
		if f.openBlocks(); len(f.chain.Owed()) != 0 {
			t.Error("a block that was written down since is owed by memory, too")
		}
	})
}

// TestAskingTakesNoVerdictAway: the front looks what it owes to the first node while a rig's block is on its way there, by the engine
// alone.
func TestAskingTakesNoVerdictAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := blockOf(7)
		id := block.Hash()
		f := frontOf(t, func(context.Context, []byte) (fleet.Verdict, error) {
			time.Sleep(100 * time.Millisecond)
			return fleet.NewVerdict(id, mining.Verdict{Outcome: mining.MainChain, Main: true, Winner: id}, 7, nil), nil
		})
		f.journal = nil
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			time.Sleep(50 * time.Millisecond)
			f.askFates(t.Context())
		}()
		outcome, err := f.chain.Process(t.Context(), block, mining.Finder{Kind: mining.FoundByRig})
		<-asked
		if outcome != mining.MainChain || err != nil || len(f.asked) != 0 {
			t.Errorf("%v, %v; asked for %d", outcome, err, len(f.asked))
		}
	})
}

// TestABreakOffIsNoRefusal: a node that stops while it computes a front's block's proof says nothing of the block.
func TestABreakOffIsNoRefusal(t *testing.T) {
	n, _, block := solvedWork(t)
	n.fronts, n.config.Fleet.Fronts = &fronts{engine: fleet.NewMemory(), stop: func() {}}, frontList{far: "far"}
	var raw bytes.Buffer
	if _, err := block.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // The hub's at a stop.
	v := n.foundByFront(ctx, far, &fleet.Block{Name: "rig", Owner: "ada", Work: 5, Raw: raw.Bytes()})
	if f, ok, err := n.journal.Fate(block.Hash()); !ok || err != nil || f.Resolved() {
		t.Errorf("the node's own journal: %v %+v %v", ok, f, err)
	}
	f := frontOf(t, func(context.Context, []byte) (fleet.Verdict, error) { return v, nil })
	if err := f.journal.Record(block, time.Now(), mining.Finder{Kind: mining.FoundByRig, Owner: "ada", Work: 5}); err != nil {
		t.Fatal(err)
	}
	if err := f.submitter.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	fate, _, err := f.journal.Fate(block.Hash())
	if err != nil || fate.Settled || fate.Resolved() {
		t.Errorf("the front has it as %q, settled %v, brought again %v", fate.Verdict, fate.Settled, len(f.journal.Open()) > 0)
	}
	stands := fleet.NewVerdict(block.Hash(), mining.Verdict{Outcome: mining.Duplicate, Main: true, Winner: block.Hash()}, block.Height, nil)
	f.chain.Verdict(fleet.PublicKey{}, &stands)
	if p := f.chain.Place(block.Hash(), block.Height); !p.Main {
		t.Errorf("the node has it on the best chain, and tells; the front has %+v", p)
	}
}

// TestARigsOwnBringingIsNoDuplicate: what was not answered for is brought again, while a node's answer is on its way.
func TestARigsOwnBringingIsNoDuplicate(t *testing.T) {
	n, sol, block := solvedWork(t)
	sol.By = mining.Finder{Kind: mining.FoundByRig, Owner: "ada", Work: 5}
	id := block.Hash()
	verdict := func(o mining.Outcome) fleet.Verdict {
		return fleet.NewVerdict(id, mining.Verdict{Outcome: o, Main: true, Winner: id}, block.Height, nil)
	}
	j, err := mining.OpenJournal(filepath.Join(t.TempDir(), "front.db"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	engine, node := fleet.NewMemory(), fleet.NewKey().Public()
	byHTTP := func(context.Context, []byte) (fleet.Verdict, error) { // The node had it by the engine first.
		time.Sleep(500 * time.Millisecond)
		return verdict(mining.Duplicate), nil
	}
	chain := fleet.NewChain(fleet.ChainConfig{
		Engine: engine, Key: fleet.NewKey(), Network: "solonet", Feed: fleet.NewFeed(fleet.FeedConfig{}), Nodes: []fleet.PublicKey{node}, Couriers: []fleet.Courier{byHTTP},
	})
	var brought atomic.Int32
	cancel, err := engine.Subscribe(fleet.Subject(node)+".from", func([]byte) {
		if brought.Add(1) == 1 {
			time.AfterFunc(250*time.Millisecond, func() { v := verdict(mining.MainChain); chain.Verdict(node, &v) })
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	s := mining.NewSubmitter(mining.SubmitterConfig{Sink: chain, Source: chain, Verifier: n.verifier, Journal: j, Now: func() time.Time { return time.Unix(int64(sol.Timestamp), 0) }})
	go func() { time.Sleep(120 * time.Millisecond); _ = s.Replay(context.Background()) }()
	v, err := s.Submit(t.Context(), sol)
	if err != nil || v.Outcome != mining.MainChain {
		t.Errorf("the rig's first and only share of this block is told: %v, main %v, %v (found %d)", v.Outcome, v.Main, err, s.Found())
	}
}

package chain_test

import (
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	cfg "github.com/bytom/bytom/config"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/mining/tensority"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
)

// TestMainnetGenesis pins the network that we are on, and with it the versions of
// the hash functions under it: golang.org/x/crypto from v0.44 on makes Bytom panic
// on its first hash.
func TestMainnetGenesis(t *testing.T) {
	old := consensus.ActiveNetParams
	defer func() { consensus.ActiveNetParams = old }()
	consensus.ActiveNetParams = consensus.MainNetParams
	hash := cfg.GenesisBlock().Hash()
	if got, want := hash.String(), "a75483474799ea1aa6bb910a1a5025b4372bf20bef20f246a2c2dc5e12e8a053"; got != want {
		t.Errorf("genesis %s, expected %s", got, want)
	}
}

// TestSubmitCostsOneHash holds the chain to one hash of ours, and none of
// Bytom's, for a block that we found.
func TestSubmitCostsOneHash(t *testing.T) {
	f := chaintest.New(t, true)
	procs := runtime.GOMAXPROCS(0)
	const blocks = 3
	for i := range blocks {
		sol := f.Solve(t, mining.NewJob(f.Template(t), uint64(i)), true)
		before := f.Verifying.Hashes.Load()
		v, err := f.Submitter.Submit(t.Context(), sol)
		if err != nil {
			t.Fatal(err)
		}
		if v.Outcome != mining.MainChain || v.Height != uint64(i+1) || v.Tip != v.Block {
			t.Fatalf("block %d: verdict %+v", i+1, v)
		}
		if n := f.Verifying.Hashes.Load() - before; n != 1 {
			t.Errorf("block %d cost %d hashes, expected 1", i+1, n)
		}
	}
	if got := f.Tips.Load(); got != blocks {
		t.Errorf("the generator was told of %d tips, expected %d", got, blocks)
	}
	// The stock algorithm would have set it to 4.
	if got := runtime.GOMAXPROCS(0); got != procs {
		t.Errorf("GOMAXPROCS is %d, was %d", got, procs)
	}
}

func TestWithoutFastVerification(t *testing.T) {
	f := chaintest.New(t, false)
	procs := runtime.GOMAXPROCS(0)
	if procs == 4 {
		procs = runtime.GOMAXPROCS(3) - 1
	}
	outcome, err := f.Gate.Process(t.Context(), f.Block(t, 1))
	if err != nil || outcome != mining.MainChain {
		t.Fatalf("outcome %s, error %v", outcome, err)
	}
	if n := f.Verifying.Hashes.Load(); n != 0 {
		t.Errorf("%d hashes of ours", n)
	}
	if got := runtime.GOMAXPROCS(0); got != procs {
		t.Errorf("GOMAXPROCS is %d, was %d", got, procs)
	}
}

// peersOf is a fixture's chain as its peers see it, if there were any.
func peersOf(f *chaintest.Fixture) chain.PeerChain {
	ignored := func(bc.Hash, uint64, uint64) {}
	return chain.PeerChain{Chain: f.Bytom, Gate: f.Gate, Live: ignored, TooNew: ignored}
}

func TestGateOutcomes(t *testing.T) {
	f := chaintest.NewQuick(t)
	first, rival := f.Block(t, 1), f.Block(t, 2)
	process := func(b *types.Block, want mining.Outcome) {
		t.Helper()
		if got, err := f.Gate.Process(t.Context(), b); err != nil || got != want {
			t.Errorf("height %d: outcome %s, error %v, expected %s", b.Height, got, err, want)
		}
	}
	process(first, mining.MainChain)
	process(first, mining.Duplicate)
	process(rival, mining.SideChain)
	process(rival, mining.Duplicate)
}

// doubleCoinbase has two coinbase inputs: the chain's own validation panics on it.
func doubleCoinbase() *types.Tx {
	return types.NewTx(types.TxData{
		Version: 1, SerializedSize: 100,
		Inputs:  []*types.TxInput{types.NewCoinbaseInput([]byte{0, '1'}), types.NewCoinbaseInput([]byte{0, '2'})},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 41250000000, []byte{0x51})},
	})
}

// TestOddInputsDoNotStopTheNode has a solved block with a transaction whose input is of
// an unknown version: the chain's own validation panics on it.
func TestOddInputsDoNotStopTheNode(t *testing.T) {
	f := chaintest.NewQuick(t)
	b := f.Block(t, 1)
	b.Transactions = append(b.Transactions, types.NewTx(types.TxData{
		Version: 1, SerializedSize: 100,
		Inputs:  []*types.TxInput{{AssetVersion: 2}, types.NewSpendInput(nil, b.Hash(), *consensus.BTMAssetID, 1000, 0, []byte{0x51})},
		Outputs: []*types.TxOutput{types.NewTxOutput(*consensus.BTMAssetID, 10, []byte{0x51})},
	}))
	if _, err := f.Gate.Process(t.Context(), b); !errors.Is(err, mining.ErrBadTx) {
		t.Errorf("error %v, expected %s", err, mining.ErrBadTx)
	}
	if _, err := f.Gate.ProcessCheckpointed(b); !errors.Is(err, mining.ErrBadTx) {
		t.Errorf("checkpointed: error %v, expected %s", err, mining.ErrBadTx)
	}
}

// TestGateRefusals changes one thing at a time in a good block.
func TestGateRefusals(t *testing.T) {
	f := chaintest.NewQuick(t)
	good := f.Block(t, 1)
	miss := f.Solve(t, mining.NewJob(f.Template(t), 5), false)
	missing, err := miss.Job.Block(miss.Timestamp, miss.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(*types.Block)) *types.Block {
		b := *good
		b.Transactions = slices.Clone(good.Transactions)
		change(&b)
		return &b
	}
	for _, test := range []struct {
		name  string
		block *types.Block
		want  mining.ErrorKind
	}{
		{"nil", nil, mining.ErrMalformed},
		{"no transactions", edit(func(b *types.Block) { b.Transactions = nil }), mining.ErrMalformed},
		{"nil transaction", edit(func(b *types.Block) { b.Transactions[0] = nil }), mining.ErrMalformed},
		{"unmapped transaction", edit(func(b *types.Block) { b.Transactions[0] = &types.Tx{} }), mining.ErrMalformed},
		{"two coinbases in one", edit(func(b *types.Block) { b.Transactions[0] = doubleCoinbase() }), mining.ErrCoinbaseMultiple},
		{"nonce", edit(func(b *types.Block) { b.Nonce = 1 << 63 }), mining.ErrNonceRange},
		{"version", edit(func(b *types.Block) { b.Version = 2 }), mining.ErrBadVersion},
		{"height", edit(func(b *types.Block) { b.Height++ }), mining.ErrBadHeight},
		{"bits", edit(func(b *types.Block) { b.Bits++ }), mining.ErrBadBits},
		{"old", edit(func(b *types.Block) { b.Timestamp = 1 }), mining.ErrTimeTooOld},
		{"new", edit(func(b *types.Block) { b.Timestamp += 3700 }), mining.ErrTimeTooNew},
		{"proof", missing, mining.ErrHighHash},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := f.Gate.Process(t.Context(), test.block); !errors.Is(err, test.want) {
				t.Errorf("error %v, expected %s", err, test.want)
			}
		})
	}
	if h := f.Bytom.BestBlockHeight(); h != 0 {
		t.Errorf("height %d after refusals", h)
	}
	if _, err := f.Gate.Process(t.Context(), good); err != nil {
		t.Errorf("the good block after all the bad ones: %v", err)
	}
}

// TestCacheHoldsTrueProofsAlone guards the one thing that must never be: with a
// false entry in the proof cache, anybody could submit its header without work.
func TestCacheHoldsTrueProofsAlone(t *testing.T) {
	f := chaintest.New(t, true)
	b := f.Block(t, 1)
	// Its proof is true, but the chain refuses it for its transactions.
	bad := *b
	bad.Transactions = append(slices.Clone(b.Transactions), b.Transactions[0])
	if _, err := f.Gate.Process(t.Context(), &bad); !errors.Is(err, mining.ErrRejected) {
		t.Fatalf("error %v, expected %s", err, mining.ErrRejected)
	}
	id, seed := b.Hash(), consensus.InitialSeed
	want, err := f.Solver.Hash(t.Context(), id.Byte32(), seed.Byte32())
	if err != nil {
		t.Fatal(err)
	}
	if got := tensority.AIHash.Hash(&id, seed).Byte32(); got != want {
		t.Errorf("the cache says %x, true is %x", got, want)
	}
	if outcome, err := f.Gate.Process(t.Context(), b); err != nil || outcome != mining.MainChain {
		t.Errorf("the good block with that header: outcome %s, error %v", outcome, err)
	}
}

// The fast sync announces itself by asking for the seed. While it runs nobody else
// may touch the proof cache.
func TestNoBlocksBesideAFastSync(t *testing.T) {
	f := chaintest.NewQuick(t)
	b := f.Block(t, 1)
	peers := peersOf(f)
	if _, err := peers.CalcNextSeed(&b.PreviousBlockHash); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Gate.Process(t.Context(), b); !errors.Is(err, mining.ErrNotReady) {
		t.Errorf("from RPC: error %v, expected %s", err, mining.ErrNotReady)
	}
	if ignored, err := peers.ProcessBlock(b); !ignored || err != nil {
		t.Errorf("from a peer: orphan %v, error %v, expected to be ignored without blame", ignored, err)
	}
	f.Gate.SetFastSync(time.Now().Add(-chain.FastSyncQuiet))
	if _, err := f.Gate.Process(t.Context(), b); err != nil {
		t.Errorf("after the fast sync: %v", err)
	}
}

// TestTheEndOfAFastSync: blocks wait until a fast sync has been quiet for long, and not so
// long once the last checkpoint is reached, which ends it.
func TestTheEndOfAFastSync(t *testing.T) {
	f := chaintest.NewQuick(t)
	if _, err := f.Gate.Process(t.Context(), f.Block(t, 1)); err != nil {
		t.Fatal(err)
	}
	old := consensus.ActiveNetParams.Checkpoints
	defer func() { consensus.ActiveNetParams.Checkpoints = old }()
	for _, c := range []struct {
		last  uint64 // checkpoint; the chain is at 1
		since time.Duration
		want  bool
	}{
		{1, time.Second - 1, true}, {1, time.Second, false}, {0, time.Second - 1, true}, {0, time.Second, false},
		{2, time.Second, true}, {2, chain.FastSyncQuiet - 1, true}, {2, chain.FastSyncQuiet, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			consensus.ActiveNetParams.Checkpoints = []consensus.Checkpoint{{Height: 0}, {Height: c.last}}
			f.Gate.SetFastSync(time.Now().Add(-c.since))
			if got := f.Gate.FastSyncing(); got != c.want {
				t.Errorf("%v after it, at 1 of %d: syncing %v", c.since, c.last, got)
			}
		})
	}
}

// TestLiveBlocks: a block that a peer announces tells its time where it goes on the chain.
// What is refused or waits for its parent says nothing.
func TestLiveBlocks(t *testing.T) {
	f := chaintest.NewQuick(t)
	live := 0
	peers := peersOf(f)
	peers.Live = func(bc.Hash, uint64, uint64) { live++ }
	good := f.Block(t, 1)
	bad, early := *good, *good
	bad.Bits++
	early.PreviousBlockHash = bc.Hash{V0: 1}
	for _, c := range []struct {
		name    string
		block   *types.Block
		orphan  bool
		refused error
		live    int
	}{{"refused", &bad, false, mining.ErrBadBits, 0}, {"early", &early, true, nil, 0}, {"good", good, false, nil, 1}} {
		orphan, err := peers.ProcessBlock(c.block)
		if orphan != c.orphan || !errors.Is(err, c.refused) {
			t.Errorf("%s: orphan %v, error %v", c.name, orphan, err)
		}
		if live != c.live {
			t.Errorf("%s: %d blocks tell the time, expected %d", c.name, live, c.live)
		}
	}
}

func TestGateAfterItsEnd(t *testing.T) {
	f := chaintest.NewQuick(t)
	b := f.Block(t, 1)
	f.Gate.Close()
	if _, err := f.Gate.Process(t.Context(), b); !errors.Is(err, mining.ErrStopped) {
		t.Errorf("error %v, expected %s", err, mining.ErrStopped)
	}
	if ignored, err := peersOf(f).ProcessBlock(b); !ignored || err != nil {
		t.Errorf("from a peer: orphan %v, error %v, expected to be ignored without blame", ignored, err)
	}
}

// BenchmarkSubmit is the time from a solution to its acceptance on solonet, as a
// median. One hash of the same verifier, in turns with it, is the floor.
func BenchmarkSubmit(b *testing.B) {
	f := chaintest.New(b, true)
	var submits, hashes []time.Duration
	for i := range b.N {
		b.StopTimer()
		job := mining.NewJob(f.Template(b), uint64(i))
		sol := f.Solve(b, job, true)
		start := time.Now()
		if _, err := f.Solver.Hash(b.Context(), job.HeaderHash(1, 1), job.Template.Tip.Seed.Byte32()); err != nil {
			b.Fatal(err)
		}
		hashes = append(hashes, time.Since(start))
		b.StartTimer()
		start = time.Now()
		if v, err := f.Submitter.Submit(b.Context(), sol); err != nil || v.Outcome != mining.MainChain {
			b.Fatal(v, err)
		}
		submits = append(submits, time.Since(start))
	}
	median := func(d []time.Duration) float64 {
		slices.Sort(d)
		return float64(d[len(d)/2].Microseconds()) / 1000
	}
	b.ReportMetric(median(submits), "ms/block")
	b.ReportMetric(median(hashes), "ms/hash")
}

// TestGateIsAliveUnlessABlockHangs: what looks after the gate waits as long as the next block
// would, and no longer.
func TestGateIsAliveUnlessABlockHangs(t *testing.T) {
	f := chaintest.NewQuick(t)
	entered, stuck := make(chan struct{}), make(chan struct{})
	gate := chain.NewGate(f.Bytom, f.Verifier, func() { close(entered); <-stuck }, slog.New(slog.DiscardHandler))
	gate.Alive()
	b := f.Block(t, 1)
	processed, alive := make(chan error, 1), make(chan struct{})
	go func() { _, err := gate.Process(t.Context(), b); processed <- err }()
	<-entered
	go func() { defer close(alive); gate.Alive() }()
	select {
	case <-alive:
		t.Error("alive while a block hangs")
	case <-time.After(100 * time.Millisecond):
	}
	close(stuck)
	<-alive
	if err := <-processed; err != nil {
		t.Error(err)
	}
}

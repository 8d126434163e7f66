// Package chaintest has a chain in memory behind its gate, for tests of what is on and
// around it.
package chaintest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	cfg "github.com/bytom/bytom/config"
	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/database"
	dbm "github.com/bytom/bytom/database/leveldb"
	"github.com/bytom/bytom/database/storage"
	"github.com/bytom/bytom/event"
	"github.com/bytom/bytom/protocol"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/state"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/node/selection"
	"github.com/bytom-solo/bytom-solo/node/selection/txtest"
)

// CountingBackend counts the hashes that a backend computes.
type CountingBackend struct {
	compute.Backend
	Hashes atomic.Int64
}

func (b *CountingBackend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	h, err := b.Backend.NewHasher(ctx, seed)
	counting := &countingHasher{h, b}
	if _, ok := h.(spreader); ok {
		return &countingSpreader{counting}, err
	}
	return counting, err
}

type countingHasher struct {
	compute.Hasher
	b *CountingBackend
}

func (h *countingHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	h.b.Hashes.Add(int64(len(headers)))
	return h.Hasher.Hash(ctx, results, headers)
}

// spreader is a Hasher that shares a single hash with others.
type spreader interface {
	Spread(ctx context.Context, header [32]byte, first compute.Worker, more func() (compute.Worker, bool)) ([32]byte, error)
}

type countingSpreader struct{ *countingHasher }

func (h *countingSpreader) Spread(ctx context.Context, header [32]byte, first compute.Worker,
	more func() (compute.Worker, bool)) ([32]byte, error) {
	h.b.Hashes.Add(1)
	return h.Hasher.(spreader).Spread(ctx, header, uncounted(first, true), func() (compute.Worker, bool) {
		w, ok := more()
		return uncounted(w, ok), ok
	})
}

// uncounted is the worker whose Hasher is counted.
func uncounted(w compute.Worker, ok bool) compute.Worker {
	if ok {
		w.Hasher = w.Hasher.(*countingSpreader).Hasher
	}
	return w
}

// Fixture is a solonet chain in memory, with its gate, as the node has them.
type Fixture struct {
	Bytom      *protocol.Chain
	Store      *database.Store
	Pool       *protocol.TxPool
	Dispatcher *event.Dispatcher
	Gate       *chain.Gate
	// Config is the configuration of Chain.
	Config    chain.Config
	Chain     *chain.Chain
	Selector  *selection.Selector
	Submitter *mining.Submitter
	Verifier  *compute.Verifier // the gate's and the submitter's
	// Verifying counts what the verifier hashes, Solver is for the test's own use.
	Verifying *CountingBackend
	Solver    *compute.Verifier
	Tips      atomic.Int64
	OnTip     func() // called as well, if set before the first block
}

// New returns a fixture whose proofs of work are computed by this machine's fastest backend,
// by the gate too if it is to be fast, else by the chain.
func New(t testing.TB, fast bool) *Fixture {
	t.Helper()
	var backend compute.Backend
	backend, err := cpu.New(cpu.Config{})
	if errors.Is(err, cpu.ErrNoCgo) {
		backend, err = compute.NewReference(), nil
	}
	if err == nil {
		err = compute.SelfTest(t.Context(), backend)
	}
	if err != nil {
		t.Fatal(err)
	}
	return NewOn(t, backend, fast)
}

// NewQuick returns a fixture whose proofs of work are SHA3 instead of Tensority,
// for tests of what is around them. The chain takes them as it takes ours: from
// the proof cache.
func NewQuick(t testing.TB) *Fixture { return NewOn(t, computetest.SHA3{}, true) }

// NewOn returns a fixture whose proofs of work a backend computes, which it closes.
func NewOn(t testing.TB, backend compute.Backend, fast bool) *Fixture {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	f := &Fixture{Verifying: &CountingBackend{Backend: backend}, Solver: compute.NewVerifier(backend)}
	verifier := compute.NewVerifier(f.Verifying)
	f.Verifier = verifier
	t.Cleanup(func() {
		verifier.Close()
		f.Solver.Close()
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
	})
	f.open(t)
	gateVerifier := verifier
	if !fast {
		gateVerifier = nil
	}
	f.Gate = chain.NewGate(f.Bytom, gateVerifier, f.tipChanged, log)
	f.Selector = selection.New(selection.Config{Chain: f.Bytom, Log: log})
	f.Config = chain.Config{Chain: f.Bytom, Gate: f.Gate, Pool: f.Pool, Selector: f.Selector, Dispatcher: f.Dispatcher, Log: log}
	f.Chain = chain.New(f.Config)
	f.Submitter = mining.NewSubmitter(mining.SubmitterConfig{Sink: f.Chain, Source: f.Chain, Verifier: verifier, Log: log})
	return f
}

// open opens Bytom's part of it, as the node does.
func (f *Fixture) open(t testing.TB) {
	t.Helper()
	logrus.SetLevel(logrus.WarnLevel) // Bytom's logger is one for the process.
	config := cfg.DefaultConfig()
	config.ChainID = "solonet"
	// Goroutines of Bytom that outlive a fixture read it: where nothing changes, neither is it
	// written.
	if params := consensus.NetParams[config.ChainID]; !reflect.DeepEqual(params, consensus.ActiveNetParams) {
		consensus.ActiveNetParams = params
	}
	cfg.CommonConfig = config
	f.Dispatcher = event.NewDispatcher()
	f.Store = database.NewStore(dbm.NewDB("core", "memdb", t.TempDir()))
	f.Pool = protocol.NewTxPool(f.Store, f.Dispatcher)
	var err error
	if f.Bytom, err = protocol.NewChain(f.Store, f.Pool); err != nil {
		t.Fatal(err)
	}
}

func (f *Fixture) tipChanged() {
	f.Tips.Add(1)
	if f.OnTip != nil {
		f.OnTip()
	}
}

// Payee is paid by coinbases that nobody can spend.
var Payee = mining.Payee{Address: "test", Program: append([]byte{0, 20}, make([]byte, 20)...)}

// KeyPayee is paid by coinbases that txtest.Key can spend.
var KeyPayee = mining.Payee{Address: "key", Program: txtest.PayToKey()}

// Template is a template on the fixture's tip that has waited for its transactions.
func (f *Fixture) Template(t testing.TB) *mining.Template {
	t.Helper()
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: f.Chain, EmptyAfter: time.Hour,
		Payee: func() (mining.Payee, []byte, error) { return Payee, nil, nil },
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sub, done := g.Subscribe()
	defer done()
	go g.Run(ctx)
	select {
	case template := <-sub:
		return template
	case <-time.After(time.Minute):
		t.Fatal("no template")
		return nil
	}
}

// Solve finds a solution of a job, or a miss.
func (f *Fixture) Solve(t testing.TB, job *mining.Job, meet bool) mining.Solution {
	t.Helper()
	for nonce := uint64(0); ; nonce++ {
		template := job.Template
		result, err := f.Solver.Hash(t.Context(), job.HeaderHash(template.Timestamp, nonce), template.Tip.Seed.Byte32())
		if err != nil {
			t.Fatal(err)
		}
		if template.Target.Met(result) == meet {
			return mining.Solution{Job: job, Timestamp: template.Timestamp, Nonce: nonce}
		}
	}
}

// Block is a solved block on the fixture's tip.
func (f *Fixture) Block(t testing.TB, extranonce uint64) *types.Block {
	t.Helper()
	sol := f.Solve(t, mining.NewJob(f.Template(t), extranonce), true)
	b, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FullTemplate is a template on the fixture's tip that has waited for its
// transactions.
func (f *Fixture) FullTemplate(t testing.TB) *mining.Template {
	t.Helper()
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: f.Chain, EmptyAfter: time.Hour,
		Payee: func() (mining.Payee, []byte, error) { return KeyPayee, []byte("tag"), nil },
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sub, done := g.Subscribe()
	defer done()
	go g.Run(ctx)
	select {
	case template := <-sub:
		return template
	case <-time.After(time.Minute):
		t.Fatal("no template")
		return nil
	}
}

// Unsolved is the block of a template, without work.
func Unsolved(t testing.TB, template *mining.Template) *types.Block {
	t.Helper()
	b, err := mining.NewJob(template, 1).Block(template.Timestamp, 0)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Work finds the nonce of a block on the tip.
func (f *Fixture) Work(t testing.TB, b *types.Block) {
	t.Helper()
	target, seed := mining.TargetFromBits(b.Bits), f.Chain.Tip().Seed
	for b.Nonce = 0; ; b.Nonce++ {
		id := b.Hash()
		result, err := f.Solver.Hash(t.Context(), id.Byte32(), seed.Byte32())
		if err != nil {
			t.Fatal(err)
		}
		if target.Met(result) {
			return
		}
	}
}

// Process solves a block and brings it through the gate; it must become the best block.
func (f *Fixture) Process(t testing.TB, b *types.Block) {
	t.Helper()
	f.Work(t, b)
	if outcome, err := f.Gate.Process(t.Context(), b); err != nil || outcome != mining.MainChain {
		t.Fatalf("height %d: outcome %s, error %v", b.Height, outcome, err)
	}
}

// Seal puts the right roots into a block's header, and returns what its transactions
// pay and take.
func Seal(b *types.Block) (fees, gas uint64) {
	mapped, status := types.MapBlock(b), bc.NewTransactionStatus()
	for i, tx := range b.Transactions {
		v := selection.Validate(tx, mapped)
		if err := status.SetStatus(i, v.GasOnly); err != nil {
			panic(err)
		}
		fees, gas = fees+v.Fee, gas+v.Gas
	}
	b.TransactionsMerkleRoot, _ = types.TxMerkleRoot(mapped.Transactions)
	b.TransactionStatusHash, _ = types.TxStatusMerkleRoot(status.VerifyStatus)
	return fees, gas
}

// Fund makes the outputs that the transactions spend exist on the chain.
func (f *Fixture) Fund(t testing.TB, coinbase bool, txs ...*types.Tx) {
	t.Helper()
	f.setOutputs(t, storage.NewUtxoEntry(coinbase, 0, false), txs)
}

// Unfund takes them away.
func (f *Fixture) Unfund(t testing.TB, txs ...*types.Tx) {
	t.Helper()
	f.setOutputs(t, storage.NewUtxoEntry(false, 0, true), txs)
}

func (f *Fixture) setOutputs(t testing.TB, entry *storage.UtxoEntry, txs []*types.Tx) {
	t.Helper()
	view := state.NewUtxoViewpoint()
	for _, tx := range txs {
		for _, id := range tx.SpentOutputIDs {
			view.Entries[id] = entry
		}
	}
	if err := f.Store.SaveChainStatus(f.Bytom.GetBlockIndex().BestNode(), view); err != nil {
		t.Fatal(err)
	}
}

// PoolAdd puts transactions in the pool in this order.
func (f *Fixture) PoolAdd(t testing.TB, txs ...*types.Tx) {
	t.Helper()
	for _, tx := range txs {
		if _, err := f.Pool.ProcessTransaction(tx, false, 0, txtest.Fee); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
}

// Rounds is how often a random test runs: short as a rule, long in the long form.
func Rounds(short, long int) int {
	if os.Getenv(computetest.LongVariable) != "" {
		return long
	}
	return short
}

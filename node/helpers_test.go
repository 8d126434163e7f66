package node

import (
	"context"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom/bytom/database/storage"
	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
	"github.com/bytom/bytom/protocol/state"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
)

// countingBackend counts the hashes that a backend computes.
type countingBackend struct {
	compute.Backend
	hashes atomic.Int64
}

func (b *countingBackend) NewHasher(ctx context.Context, seed [32]byte) (compute.Hasher, error) {
	h, err := b.Backend.NewHasher(ctx, seed)
	counting := &countingHasher{h, b}
	if _, ok := h.(spreader); ok {
		return &countingSpreader{counting}, err
	}
	return counting, err
}

type countingHasher struct {
	compute.Hasher
	b *countingBackend
}

func (h *countingHasher) Hash(ctx context.Context, results, headers [][32]byte) error {
	h.b.hashes.Add(int64(len(headers)))
	return h.Hasher.Hash(ctx, results, headers)
}

// spreader is a Hasher that shares a single hash with others.
type spreader interface {
	Spread(ctx context.Context, header [32]byte, first compute.Worker, more func() (compute.Worker, bool)) ([32]byte, error)
}

type countingSpreader struct{ *countingHasher }

func (h *countingSpreader) Spread(ctx context.Context, header [32]byte, first compute.Worker,
	more func() (compute.Worker, bool)) ([32]byte, error) {
	h.b.hashes.Add(1)
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
	bytom     *bytom
	gate      *gate
	chain     *chain
	submitter *mining.Submitter
	verifier  *compute.Verifier // the gate's and the submitter's
	clock     *clockWatch
	// verifying counts what the verifier hashes, solver is for the test's own use.
	verifying *countingBackend
	solver    *compute.Verifier
	tips      atomic.Int64
	onTip     func() // called as well, if set before the first block
}

func newFixture(t testing.TB, fast bool) *Fixture {
	t.Helper()
	backends, err := OpenBackends(t.Context(), "auto", slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return newFixtureOn(t, backends, fast)
}

// newQuickFixture is a fixture whose proofs of work are SHA3 instead of Tensority,
// for tests of what is around them. The chain takes them as it takes ours: from
// the proof cache.
func newQuickFixture(t testing.TB) *Fixture {
	return newFixtureOn(t, []compute.Backend{computetest.SHA3{}}, true)
}

func newFixtureOn(t testing.TB, backends []compute.Backend, fast bool) *Fixture {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	ForwardBytomLog(log)
	config := NewConfig().Bytom
	config.RootDir = t.TempDir()
	config.DBBackend = "memdb"
	config.ChainID = "solonet"
	config.Wallet.Disable = true
	f := &Fixture{verifying: &countingBackend{Backend: backends[0]}, solver: compute.NewVerifier(backends[0])}
	verifier := compute.NewVerifier(f.verifying)
	f.verifier = verifier
	t.Cleanup(func() {
		verifier.Close()
		f.solver.Close()
		if err := CloseBackends(backends); err != nil {
			t.Error(err)
		}
	})
	var err error
	if f.bytom, err = openBytom(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.bytom.lock.Release() })
	gateVerifier := verifier
	if !fast {
		gateVerifier = nil
	}
	f.gate = newGate(f.bytom.chain, gateVerifier, f.tipChanged, log)
	start := time.Now()
	f.clock = &clockWatch{now: time.Now, elapsed: func() time.Duration { return time.Since(start) }, log: log, alarm: func(Notification) {}}
	f.chain = &chain{Chain: f.bytom.chain, gate: f.gate, pool: f.bytom.pool, selector: newSelector(f.bytom.chain, log), dispatcher: f.bytom.dispatcher, log: log}
	f.submitter = mining.NewSubmitter(mining.SubmitterConfig{Sink: f.chain, Source: f.chain, Verifier: verifier, Log: log})
	return f
}

func (f *Fixture) tipChanged() {
	f.tips.Add(1)
	if f.onTip != nil {
		f.onTip()
	}
}

var testPayee = mining.Payee{Address: "test", Program: append([]byte{0, 20}, make([]byte, 20)...)}

// keyPayee is paid by coinbases that testKey can spend.
var keyPayee = mining.Payee{Address: "key", Program: payToKey()}

// Template is a template on the fixture's tip that has waited for its transactions.
func (f *Fixture) Template(t testing.TB) *mining.Template {
	t.Helper()
	g := mining.NewGenerator(mining.GeneratorConfig{
		Source: f.chain, EmptyAfter: time.Hour,
		Payee: func() (mining.Payee, []byte, error) { return testPayee, nil, nil },
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
		result, err := f.solver.Hash(t.Context(), job.HeaderHash(template.Timestamp, nonce), template.Tip.Seed.Byte32())
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
		Source: f.chain, EmptyAfter: time.Hour,
		Payee: func() (mining.Payee, []byte, error) { return keyPayee, []byte("tag"), nil },
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
	target, seed := mining.TargetFromBits(b.Bits), f.chain.Tip().Seed
	for b.Nonce = 0; ; b.Nonce++ {
		id := b.Hash()
		result, err := f.solver.Hash(t.Context(), id.Byte32(), seed.Byte32())
		if err != nil {
			t.Fatal(err)
		}
		if target.Met(result) {
			return
		}
	}
}

// Process hands a block to the chain, which must take it as the best.
func (f *Fixture) Process(t testing.TB, b *types.Block) {
	t.Helper()
	f.Work(t, b)
	if outcome, err := f.gate.process(t.Context(), b); err != nil || outcome != mining.MainChain {
		t.Fatalf("height %d: outcome %s, error %v", b.Height, outcome, err)
	}
}

// Seal puts the right roots into a block's header, and returns what its transactions
// pay and take.
func Seal(b *types.Block) (fees, gas uint64) {
	mapped, status := types.MapBlock(b), bc.NewTransactionStatus()
	for i, tx := range b.Transactions {
		v := validate(tx, mapped)
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
	if err := f.bytom.store.SaveChainStatus(f.bytom.chain.GetBlockIndex().BestNode(), view); err != nil {
		t.Fatal(err)
	}
}

// pool puts transactions in the pool in this order.
func (f *Fixture) PoolAdd(t testing.TB, txs ...*types.Tx) {
	t.Helper()
	for _, tx := range txs {
		if _, err := f.bytom.pool.ProcessTransaction(tx, false, 0, testFee); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
	}
}

// rounds is how often a random test runs: short as a rule, long where
// BYTOM_SOLO_LONG asks for it.
func rounds(short, long int) int {
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		return long
	}
	return short
}

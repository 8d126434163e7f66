package node

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/stratum"
	"github.com/bytom-solo/bytom-solo/stratum/client"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
)

// rigFixture is a fixture that serves rigs, with a journal as the node has.
type rigFixture struct {
	*chaintest.Fixture
	journal   *mining.Journal
	generator *mining.Generator
	port      net.Listener
	// hashed takes the time of the latest hash of a share.
	hashed atomic.Int64
}

// serveRigs starts what a fixture needs to serve rigs, for the time of a test.
func serveRigs(t testing.TB, f *chaintest.Fixture) *rigFixture {
	t.Helper()
	r := &rigFixture{Fixture: f}
	var err error
	if r.journal, err = mining.OpenJournal(filepath.Join(t.TempDir(), "journal.db"), nil); err != nil {
		t.Fatal(err)
	}
	if r.port, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	r.generator = mining.NewGenerator(mining.GeneratorConfig{
		Source: f.Chain, Payee: func() (mining.Payee, []byte, error) { return chaintest.Payee, nil, nil },
	})
	f.OnTip = r.generator.TipChanged
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	server := stratum.NewServer(stratum.Config{
		Listener: r.port, Templates: r.generator, Extranonces: mining.NewExtranonces(),
		Hash: func(ctx context.Context, header, seed [32]byte) ([32]byte, error) {
			start := time.Now()
			defer func() { r.hashed.Store(int64(time.Since(start))) }()
			return f.Verifier.Hash(ctx, header, seed)
		},
		Workers: f.Verifying.Info().Workers, StartDifficulty: 1, Log: log,
		Submitter: mining.NewSubmitter(mining.SubmitterConfig{
			Sink: f.Chain, Source: f.Chain, Verifier: f.Verifier, Journal: r.journal, Log: log,
		}),
	})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = r.generator.Run(ctx) })
	running.Go(func() { _ = server.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		_ = r.journal.Close()
	})
	return r
}

// dial logs a rig in.
func (r *rigFixture) dial(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Config{Address: r.port.Addr().String(), Login: "test.rig"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// solveFor finds a block of a rig's job.
func (r *rigFixture) solveFor(t testing.TB, j *wire.Job) uint64 {
	t.Helper()
	target := mining.TargetFromBits(j.Bits)
	for nonce := j.Nonce; ; nonce++ {
		result, err := r.Solver.Hash(t.Context(), j.HeaderHash(nonce), j.Seed)
		if err != nil {
			t.Fatal(err)
		}
		if target.Met(result) {
			return nonce
		}
	}
}

// TestARigFindsABlock: with the real hash, the real chain and the real client.
func TestARigFindsABlock(t *testing.T) {
	r := serveRigs(t, chaintest.New(t, true))
	c := r.dial(t)
	job := <-c.Jobs()
	if err := c.Submit(t.Context(), job, r.solveFor(t, job)); err != nil {
		t.Fatal(err)
	}
	if best := r.Bytom.BestBlockHeight(); best != 1 {
		t.Fatalf("the chain is at height %d after a block", best)
	}
	for job = <-c.Jobs(); job.Height != 2; {
		job = <-c.Jobs()
	}
	if fates := r.journal.Open(); len(fates) != 1 || !fates[0].Resolved() {
		t.Errorf("the journal has %+v", fates)
	}
}

// slower is how many of the times are above a bound.
func slower(times []time.Duration, bound time.Duration) (n int) {
	for _, took := range times {
		if took > bound {
			n++
		}
	}
	return n
}

// BenchmarkRigBlock is the time from a solved share's line being sent to its block being
// the best one of the real chain, journaled, and to the rig having its reply; and what is
// left of it without the block's own hash. One more hash by the same verifier, in turns
// with it, is the floor.
func BenchmarkRigBlock(b *testing.B) {
	r := serveRigs(b, chaintest.New(b, true))
	c := r.dial(b)
	var took, rest, replied, hashes []time.Duration
	stolen := computetest.Stolen(b)
	for b.Loop() {
		b.StopTimer()
		height := r.Bytom.BestBlockHeight() + 1
		job := <-c.Jobs()
		for job.Height != height {
			job = <-c.Jobs()
		}
		nonce := r.solveFor(b, job)
		connected := make(chan time.Time, 16)
		r.OnTip = func() { connected <- time.Now(); r.generator.TipChanged() }
		start := time.Now()
		if _, err := r.Solver.Hash(b.Context(), job.HeaderHash(mining.MaxNonce), job.Seed); err != nil {
			b.Fatal(err)
		}
		hashes = append(hashes, time.Since(start))
		b.StartTimer()
		start = time.Now()
		if err := c.Submit(b.Context(), job, nonce); err != nil {
			b.Fatal(err)
		}
		replied = append(replied, time.Since(start))
		took = append(took, (<-connected).Sub(start))
		rest = append(rest, took[len(took)-1]-time.Duration(r.hashed.Load()))
	}
	stolen()
	report(b, hashes, "hash")
	report(b, took, "accepted")
	b.ReportMetric(float64(slower(took, 50*time.Millisecond)), "accepted-over-50ms")
	report(b, rest, "without-hash")
	report(b, replied, "reply")
}

// report reports the median and the 99th percentile of times, in milliseconds.
func report(b *testing.B, times []time.Duration, what string) {
	slices.Sort(times)
	for _, p := range []int{50, 99} {
		at := times[min(len(times)*p/100, len(times)-1)]
		b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprintf("p%d-%s-ms", p, what))
	}
}

package node

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/mux"
	"github.com/spf13/pflag"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/natsengine"
	"github.com/bytom-solo/bytom-solo/fleet/natsserver"
	"github.com/bytom-solo/bytom-solo/ledger"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain/chaintest"
	"github.com/bytom-solo/bytom-solo/stratum/client"
)

// frontVariable is set where this program is to be a front: to the frontArgs in JSON.
const frontVariable = "BYTOM_SOLO_TEST_FRONT"

// frontArgs are what a front is started with.
type frontArgs struct {
	Flags []string
	// SHA3 has it hash with that instead of Tensority.
	SHA3 bool
}

func TestMain(m *testing.M) {
	text := os.Getenv(frontVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	if err := runFrontProcess(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// runFrontProcess is a front until the standard input ends.
func runFrontProcess(text string) error {
	var args frontArgs
	if err := json.Unmarshal([]byte(text), &args); err != nil {
		return err
	}
	if args.SHA3 {
		openers = []opener{{name: "sha3", open: func(context.Context, Opening) ([]compute.Backend, error) {
			return []compute.Backend{computetest.SHA3{}}, nil
		}}}
	}
	config, flags := NewConfig(), pflag.NewFlagSet("front", pflag.ContinueOnError)
	config.RegisterFront(flags)
	if err := flags.Parse(args.Flags); err != nil {
		return err
	}
	config.Bytom.RootDir = flags.Arg(0)
	if err := config.LoadFront(flags, func(string) (string, bool) { return "", false }); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); stop() }()
	f, err := NewFront(ctx, config, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	return f.Run(ctx)
}

// BenchmarkFrontBlock is BenchmarkRigBlock's time, from a solved share's line being sent to its
// block being the best one of the real chain, for a node's own rig, and in turns with that for a
// rig of a front in another process, which brings it over NATS and HTTP at once. With Tensority the
// block is hashed once by the front and once by the node; with SHA3 what is left is all but that.
func BenchmarkFrontBlock(b *testing.B) {
	b.Run("tensority", func(b *testing.B) { benchmarkFrontBlock(b, chaintest.New(b, true), false) })
	b.Run("sha3", func(b *testing.B) { benchmarkFrontBlock(b, chaintest.NewQuick(b), true) })
}

func benchmarkFrontBlock(b *testing.B, f *chaintest.Fixture, sha3 bool) {
	if !natsserver.Built {
		b.Skip("no engine is built in: go test -tags engine")
	}
	r := serveRigs(b, f)
	own, far := r.dial(b), r.dialFront(b, sha3)
	var here, there, more, hashes []time.Duration
	stolen := computetest.Stolen(b)
	for b.Loop() {
		here = append(here, r.timeBlock(b, own))
		there = append(there, r.timeBlock(b, far))
		more = append(more, there[len(there)-1]-here[len(here)-1])
		hashes = append(hashes, r.timeHash(b))
	}
	stolen()
	report(b, hashes, "hash")
	report(b, here, "own")
	report(b, there, "front")
	report(b, more, "more")
	b.ReportMetric(0, "ns/op")
	for i, name := range []string{"p50-front-less-own-ms", "p99-front-less-own-ms"} {
		at := min(len(here)*[]int{50, 99}[i]/100, len(here)-1)
		b.ReportMetric(float64((there[at]-here[at]).Microseconds())/1000, name)
	}
	if fates := r.journal.Open(); slices.ContainsFunc(fates, func(fate mining.Fate) bool { return !fate.Resolved() }) {
		b.Errorf("the node's journal has %+v", fates)
	}
}

// timeBlock has a rig find the next block, and is how long that takes to be on the chain.
func (r *rigFixture) timeBlock(b *testing.B, rig *client.Client) time.Duration {
	height := r.Bytom.BestBlockHeight() + 1
	job := <-rig.Jobs()
	for job.Height != height {
		job = <-rig.Jobs()
	}
	nonce := r.solveFor(b, job)
	if nonce > job.Nonce {
		// As rigs send shares all the time, no process has its matrices to fetch from memory.
		_ = rig.Submit(b.Context(), job, nonce-1)
	}
	connected := make(chan time.Time, 16)
	r.OnTip = func() { connected <- time.Now(); r.generator.TipChanged() }
	start := time.Now()
	if err := rig.Submit(b.Context(), job, nonce); err != nil {
		b.Fatal(err)
	}
	took := (<-connected).Sub(start)
	if got := r.Bytom.BestBlockHeight(); got != height {
		b.Fatalf("the chain is at height %d after a block of height %d", got, height)
	}
	return took
}

// timeHash is how long one more hash takes.
func (r *rigFixture) timeHash(b *testing.B) time.Duration {
	var header [32]byte
	_, _ = rand.Read(header[:])
	start := time.Now()
	if _, err := r.Solver.Hash(b.Context(), header, r.Chain.Tip().Seed.Byte32()); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// dialFront starts a front in another process, and logs a rig in there.
func (r *rigFixture) dialFront(b *testing.B, sha3 bool) *client.Client {
	server, err := natsserver.Run(natsserver.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Stop)
	home, key := b.TempDir(), fleet.NewKey()
	front, err := fleet.OpenKey(filepath.Join(home, "front.key"))
	if err != nil {
		b.Fatal(err)
	}
	rpc := r.serveFronts(b, server, key, front.Public())
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := port.Addr().String()
	_ = port.Close()
	args, err := json.Marshal(frontArgs{SHA3: sha3, Flags: []string{
		"--chain_id=solonet", "--engine=" + server.URL, "--node=" + key.Public().String() + "@" + rpc, "--api_addr=127.0.0.1:0",
		"--mining.address=" + programAddress(chaintest.Payee.Program), "--stratum.listen=" + address, "--stratum.mdns=false",
		"--stratum.start-difficulty=1", home,
	}})
	if err != nil {
		b.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env, c.Stderr = append(os.Environ(), frontVariable+"="+string(args)), os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		if err := c.Wait(); err != nil {
			b.Error(err)
		}
	})
	return dialWhenUp(b, address)
}

// dialWhenUp logs a rig in as soon as a port is there.
func dialWhenUp(b *testing.B, address string) *client.Client {
	late := time.After(time.Minute)
	for {
		c, err := client.Dial(b.Context(), client.Config{Address: address, Login: "far.rig"})
		if err == nil {
			b.Cleanup(func() { _ = c.Close() })
			return c
		}
		select {
		case <-late:
			b.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// serveFronts is a node's side of a front, whose RPC is at the URL that is returned.
func (r *rigFixture) serveFronts(b *testing.B, server natsserver.Server, key fleet.Key, front fleet.PublicKey) (rpc string) {
	engine, err := natsengine.Dial(natsengine.Config{URL: "nats://embedded", Name: "node", InProcess: server.Dial})
	if err != nil {
		b.Fatal(err)
	}
	books := ledger.Open(ledger.Config{Path: filepath.Join(b.TempDir(), "rigs.db")})
	grants, err := openGrants(filepath.Join(b.TempDir(), "fleet.json"), mining.NewExtranonces())
	if err != nil {
		b.Fatal(err)
	}
	submitter := mining.NewSubmitter(mining.SubmitterConfig{
		Sink: r.Chain, Source: r.Chain, Verifier: r.Verifier, Journal: r.journal, Log: slog.New(slog.NewTextHandler(b.Output(), nil)),
	})
	hub := fleet.NewHub(fleet.HubConfig{
		Engine: engine, Key: key, Network: "solonet", Templates: r.generator, Fronts: map[fleet.PublicKey]string{front: "far"}, Grant: grants.grant,
		Books: books, Solved: func(ctx context.Context, header, seed [32]byte) { _, _ = r.Verifier.Hash(ctx, header, seed) }, Found: func(ctx context.Context, key fleet.PublicKey, found *fleet.Block) fleet.Verdict {
			block, err := fleet.DecodeBlock(found.Raw)
			if err != nil {
				b.Error(err)
				return fleet.Verdict{}
			}
			v, err := submitter.SubmitBlock(ctx, block, mining.Finder{Kind: mining.FoundByRig, Name: found.Name, Front: "far", FrontKey: key.String()})
			return fleet.NewVerdict(block.Hash(), v, r.Bytom.BestBlockHeight(), err)
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() { _ = hub.Run(ctx); close(over) }()
	router := mux.NewRouter()
	(&Node{fronts: &fronts{hub: hub}}).registerFronts(router)
	web := httptest.NewServer(router)
	b.Cleanup(func() {
		web.Close()
		cancel()
		<-over
		_ = engine.Close()
		_ = books.Close()
	})
	return web.URL
}

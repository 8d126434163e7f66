package payouts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom/bytom/common"
	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/payout"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// long is the form that takes minutes.
func long() bool { return os.Getenv("BYTOM_SOLO_LONG") != "" }

// pool is a node that splits blocks, and its rigs.
type pool struct {
	*testnet.Node
	t       *testing.T
	front   string
	options testnet.NodeOptions
	solver  *harness.Solver
	owners  []string
}

// newPool starts a node that splits blocks by a scheme and pays each few blocks, with the
// password of its wallet in a file.
func newPool(t *testing.T, scheme string, more ...string) *pool {
	t.Helper()
	p := startPool(t, scheme, append([]string{"--payout.every", "1", "--payout.password-file", passwordFile(t)}, more...)...)
	harness.MakeAccount(t, p.Node)
	return p
}

// passwordFile has the password of harness.MakeAccount.
func passwordFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	harness.WriteFile(t, path, "p\n", 0o600)
	return path
}

// startPool starts a node that splits blocks by a scheme, with nothing in its wallet. Its hash is
// simulated, as a hundred blocks have to stand on those that are paid out.
func startPool(t *testing.T, scheme string, more ...string) *pool {
	t.Helper()
	return startPoolOf(t, testnet.NodeOptions{Simulated: true}, harness.NewSimulatedSolver(t), scheme, more...)
}

// startPoolOf starts a node with options, whose hash the solver computes.
func startPoolOf(t *testing.T, options testnet.NodeOptions, solver *harness.Solver, scheme string, more ...string) *pool {
	t.Helper()
	p := &pool{t: t, front: harness.RigAddress(t), solver: solver, options: options}
	p.options.Args = append([]string{
		"--solonet.tools", "--stratum.listen", p.front, "--stratum.start-difficulty", "1", "--payout.scheme", scheme,
	}, more...)
	p.Node = testnet.Start(t, p.options)
	p.options.Home = p.Home
	net := consensus.NetParams["solonet"]
	for i := range byte(6) {
		a, err := common.NewAddressWitnessPubKeyHash(append(make([]byte, 19), i+1), &net)
		if err != nil {
			t.Fatal(err)
		}
		p.owners = append(p.owners, a.EncodeAddress())
	}
	return p
}

// again starts the node again, with more flags.
func (p *pool) again(more ...string) {
	p.t.Helper()
	p.options.Args = append(p.options.Args, more...)
	p.Node = testnet.Start(p.t, p.options)
}

// try is what a command of payouts says of the node.
func (p *pool) try(args ...string) (string, error) {
	p.t.Helper()
	args = append([]string{"payouts"}, append(args, "--home", p.Home, "--api_addr", strings.TrimPrefix(p.URL, "http://"))...)
	return harness.Execute(p.t, testnet.Solo(p.t), args...)
}

// command is try of one that succeeds.
func (p *pool) command(args ...string) string {
	p.t.Helper()
	out, err := p.try(args...)
	if err != nil {
		p.t.Fatalf("%q: %v: %s", args, err, out)
	}
	return out
}

// hash has a rig of each owner hash, the first at a rate, the second at twice that and so on.
func (p *pool) hash(rate float64) (stop func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	var running sync.WaitGroup
	for i, owner := range p.owners {
		rig := fakerig.New(fakerig.Config{
			Address: p.front, Name: owner + ".rig1", Dialect: fakerig.Plain, Rate: rate * float64(i+1), Hash: p.solver.Verifier.Hash, Random: rand.New(rand.NewPCG(1, uint64(i))),
		})
		running.Go(func() { rig.Run(ctx) })
	}
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); running.Wait() }) }
	p.t.Cleanup(stop)
	return stop
}

// stats is where payouts stand; an error while the node does not answer.
func (p *pool) stats() (node.PayoutStats, error) { return harness.PayoutStats(p.Node) }

// blocks is how many blocks were split.
func (p *pool) blocks() (n int, err error) {
	s, err := p.stats()
	for _, count := range s.Status.Blocks {
		n += count
	}
	return n, err
}

// awaitBlocks waits until so many blocks are split.
func (p *pool) awaitBlocks(want int, limit time.Duration) {
	p.t.Helper()
	testnet.Wait(p.t, limit, func() error {
		if n, err := p.blocks(); err != nil || n < want {
			return fmt.Errorf("%d blocks are split, expected %d: %w", n, want, err)
		}
		return nil
	})
}

// awaitBlocksOf has the rigs hash until so many blocks are split.
func (p *pool) awaitBlocksOf(rate float64, want int) {
	p.t.Helper()
	stop := p.hash(rate)
	defer stop()
	p.awaitBlocks(want, 20*time.Minute)
}

// mine mines on by no rig.
func (p *pool) mine(blocks int) {
	p.t.Helper()
	mine(p.t, p.Node, blocks)
}

func mine(t *testing.T, n *testnet.Node, blocks int) {
	t.Helper()
	if err := n.Call(node.SolonetMineRoute, map[string]int{"blocks": blocks}, nil); err != nil {
		t.Fatal(err)
	}
}

// awaitPaid mines on until all that is due is in blocks, or as much of it as pps has found, whose
// rigs may have had bad luck. before is done before each block.
func (p *pool) awaitPaid(limit time.Duration, before ...func()) {
	p.t.Helper()
	p.mine(101)
	testnet.Wait(p.t, limit, func() error {
		for _, do := range before {
			do()
		}
		p.mine(1)
		s, err := p.stats()
		due := s.Status.Due > 0 && (s.Status.Policy.Scheme != payout.PPS || s.Status.Uncovered == 0 || s.Status.Funds[payout.FundReady] > 0)
		if err != nil || due || s.Status.Batches[payout.BatchMined]+s.Status.Batches[payout.BatchPaid] == 0 ||
			s.Status.Batches[payout.BatchStored]+s.Status.Batches[payout.BatchSigned] > 0 {
			return fmt.Errorf("not paid yet: %+v, %w", s.Status, err)
		}
		return nil
	})
}

// signAll has the node's own route sign what waits for that, by the password of
// harness.MakeAccount, and brings it back.
func (p *pool) signAll() (signed int) {
	p.t.Helper()
	call := func(route string, in, out any) {
		if err := p.Call(route, in, out); err != nil {
			p.t.Fatal(err)
		}
	}
	var waiting []node.UnsignedPayout
	call(node.UnsignedPayoutsRoute, nil, &waiting)
	for _, w := range waiting {
		var out struct {
			Transaction json.RawMessage `json:"transaction"`
		}
		call("/sign-transaction", map[string]any{"password": "p", "transaction": w.Template}, &out)
		call(node.SignPayoutRoute, node.SignedPayout{ID: w.ID, Signed: string(out.Transaction)}, nil)
	}
	return len(waiting)
}

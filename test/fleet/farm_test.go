package fleet_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// payee is whom all blocks pay here, stranger somebody else.
const (
	payee    = "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7"
	stranger = "sm1qlps60tdd2070f3r4yqg0lkadmkjlv0eylql24d"
)

// nodeArgs are a node's here, on a solonet whose clock goes by its blocks.
func nodeArgs(more ...[]string) []string {
	all := []string{"--wallet.disable", "--mining.address", payee}
	for _, m := range more {
		all = append(all, m...)
	}
	return all
}

// startNode starts a node whose hashes are simulated.
func startNode(t *testing.T, o testnet.NodeOptions, more ...[]string) *testnet.Node {
	t.Helper()
	o.Simulated = true
	o.Args = nodeArgs(append(more, o.Args)...)
	return testnet.Start(t, o)
}

// startEngine starts an engine as a process of its own, which is a node that has no fronts.
func startEngine(t *testing.T) (n *testnet.Node, url string) {
	t.Helper()
	listen := harness.RigAddress(t)
	return startNode(t, testnet.NodeOptions{}, testnet.FleetNode(t, listen)), "nats://" + listen
}

// rigs are rigs of a test, that write down what they were told.
type rigs struct {
	t       *testing.T
	solver  *harness.Solver
	all     []*fakerig.Rig
	stop    context.CancelFunc
	ctx     context.Context
	running sync.WaitGroup
}

func newRigs(t *testing.T) *rigs {
	r := &rigs{t: t, solver: harness.NewSimulatedSolver(t)}
	r.ctx, r.stop = context.WithCancel(context.Background())
	t.Cleanup(r.end)
	return r
}

// add has so many rigs mine, at so many hashes a second each, each of which is a share.
func (r *rigs) add(at, name string, count int, rate float64) {
	for i := range count {
		rig := fakerig.New(fakerig.Config{
			Address: at, Name: fmt.Sprintf("%s-%d", name, i), Dialect: fakerig.Plain, Rate: rate, Difficulty: 1,
			Hash: r.solver.Verifier.Hash, Random: rand.New(rand.NewPCG(uint64(len(r.all)), 7)),
		})
		r.all = append(r.all, rig)
		r.running.Go(func() { rig.Run(r.ctx) })
	}
}

// end has the rigs wait for their last answers, and stop.
func (r *rigs) end() {
	r.stop()
	r.running.Wait()
}

// accepted is how many shares rigs know were accepted.
func (r *rigs) accepted() (sum uint64) {
	for _, rig := range r.all {
		sum += rig.Report().Accepted
	}
	return sum
}

// wait waits until the rigs know of so many more accepted shares.
func (r *rigs) wait(more uint64, limit time.Duration) {
	r.t.Helper()
	from := r.accepted()
	testnet.Wait(r.t, limit, func() error {
		if now := r.accepted(); now < from+more {
			return fmt.Errorf("%d shares are accepted, expected %d: %+v", now, from+more, r.all[0].Report())
		}
		return nil
	})
}

// booked is nil once a node's ledger has what the rigs know was accepted.
func (r *rigs) booked(n *testnet.Node) error { return harness.CheckBooked(n, 0, r.all...) }

// kept is nil once a front keeps no share.
func kept(f *testnet.Front) error {
	s, err := f.State(context.Background())
	if err == nil && s.Front.Kept > 0 {
		err = fmt.Errorf("%s keeps %d shares and logins", f, s.Front.Kept)
	}
	return err
}

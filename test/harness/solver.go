package harness

import (
	"fmt"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// Solver solves a node's work with the program's own kernels. Tests that mine scale with
// the machine: what they wait for is measured in its hashes.
type Solver struct {
	// Verifier computes the hashes.
	Verifier *compute.Verifier
	// Hash is how long one hash takes here.
	Hash time.Duration

	t testing.TB
}

// NewSolver opens the fastest backend, for as long as the test runs, and measures it.
func NewSolver(t testing.TB) *Solver {
	t.Helper()
	log, err := node.NewConfig().OpenLog(t.Output())
	if err != nil {
		t.Fatal(err)
	}
	backends, err := node.OpenBackends(t.Context(), node.Opening{Devices: "auto", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return newSolver(t, backends[0], func() error { return node.CloseBackends(backends) })
}

// NewSimulatedSolver solves the work of nodes whose hash is simulated.
func NewSimulatedSolver(t testing.TB) *Solver {
	t.Helper()
	return newSolver(t, compute.Simulated{}, func() error { return nil })
}

func newSolver(t testing.TB, b compute.Backend, closeBackends func() error) *Solver {
	t.Helper()
	s := &Solver{t: t, Verifier: compute.NewVerifier(b)}
	t.Cleanup(func() {
		s.Verifier.Close()
		if err := closeBackends(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Verifier.Hash(t.Context(), [32]byte{1}, [32]byte{}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if _, err := s.Verifier.Hash(t.Context(), [32]byte{2}, [32]byte{}); err != nil {
		t.Fatal(err)
	}
	s.Hash = time.Since(start)
	return s
}

// Limit is a generous time for this many blocks: solonet's take 20 hashes each on
// average, one in a million takes 270, and a hash four times what it took alone.
func (s *Solver) Limit(blocks int) time.Duration {
	return 2*time.Minute + time.Duration(blocks)*400*s.Hash
}

// Pace are flags with which a node mines on two cores, and makes a hash on each of them in
// this time at the least. Where a hash takes a millisecond, and there are many cores, blocks
// come faster than nodes can announce them.
func (s *Solver) Pace(hash time.Duration) []string {
	percent := min(100, max(1, int(100*s.Hash/hash)))
	return []string{"--mining.threads", "2", "--mining.cpu-percent", fmt.Sprint(percent)}
}

// Mine has a node produce blocks from the work that it hands out.
func (s *Solver) Mine(n *testnet.Node, blocks int) {
	s.t.Helper()
	n.Mine(s.Verifier, blocks)
}

// MakeAccount gives a node's wallet an account, and returns its mining address.
func MakeAccount(t testing.TB, n *testnet.Node) string {
	t.Helper()
	var key struct {
		XPub string `json:"xpub"`
	}
	call := func(route string, in, out any) {
		t.Helper()
		if err := n.Call(route, in, out); err != nil {
			t.Fatal(err)
		}
	}
	call("/create-key", map[string]string{"alias": "k", "password": "p"}, &key)
	call("/create-account", map[string]any{"alias": "a", "root_xpubs": []string{key.XPub}, "quorum": 1}, nil)
	var out struct {
		MiningAddress string `json:"mining_address"`
	}
	call("/get-mining-address", nil, &out)
	// The builder of templates looks for a payee once a second.
	testnet.Wait(t, 30*time.Second, func() error { return n.Call("/get-work", nil, nil) })
	return out.MiningAddress
}

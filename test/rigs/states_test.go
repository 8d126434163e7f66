package rigs_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// TestStatesOfARig has a rig mine for a node that is a process of its own, and killed: the
// node knows at once, and after a restart that it has not come back. In the long form it is
// alerted of, once each, also when the rig connects and falls silent.
func TestStatesOfARig(t *testing.T) {
	t.Parallel() // It mostly waits.
	long := os.Getenv("BYTOM_SOLO_LONG") != ""
	front, events := harness.RigAddress(t), filepath.Join(t.TempDir(), "events")
	options := testnet.NodeOptions{Args: []string{
		"--stratum.listen", front, "--stratum.start-difficulty", "1",
		"--notify.command", `sh -c 'echo "$BYTOM_SOLO_EVENT" >>` + events + `'`,
	}}
	n := testnet.Start(t, options)
	options.Home = n.Home
	harness.MakeAccount(t, n)
	solver := harness.NewSolver(t)
	mine := func(rate float64) (stop func()) {
		rig := fakerig.New(fakerig.Config{Address: front, Name: "shed.1", Dialect: fakerig.Plain, Rate: rate, Hash: solver.Verifier.Hash, Random: rand.New(rand.NewPCG(1, 2))})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); rig.Run(ctx) }()
		stop = func() { cancel(); <-done }
		t.Cleanup(stop)
		return stop
	}
	await := func(state node.RigState, limit time.Duration) {
		t.Helper()
		testnet.Wait(t, limit, func() error {
			var list node.RigList
			if err := n.Call(node.RigsRoute, nil, &list); err != nil {
				return err
			}
			if len(list.Rigs) != 1 || list.Rigs[0].State != state || list.Rigs[0].Since == nil {
				return fmt.Errorf("the rigs are %+v, expected one that is %s", list.Rigs, state)
			}
			return nil
		})
	}
	stop := mine(3)
	await(node.RigHashing, time.Minute)
	if long {
		time.Sleep(3 * time.Minute)
	}
	stop()
	await(node.RigAway, 10*time.Second)
	if long {
		time.Sleep(90 * time.Second)
		stop = mine(3)
		await(node.RigHashing, time.Minute)
		time.Sleep(90 * time.Second)
		stop()
		stop = mine(1e-6)
		await(node.RigSilent, 5*time.Minute)
		time.Sleep(2 * time.Minute)
		stop()
		raw, err := os.ReadFile(events)
		var got []string
		for line := range strings.Lines(string(raw)) {
			if strings.HasPrefix(line, "rig.") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if list := strings.Join(got, " "); err != nil || list != "rig.away rig.back rig.silent" {
			t.Errorf("the command got %s, %v", list, err)
		}
	}
	n.Stop()
	n = testnet.Start(t, options)
	await(node.RigAway, 10*time.Second)
	mine(3)
	await(node.RigHashing, time.Minute)
}

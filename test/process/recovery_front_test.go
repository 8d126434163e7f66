//go:build linux || darwin

package process_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// TestEachFileOfAFrontDamaged is TestEachFileDamaged of a front's home.
func TestEachFileOfAFrontDamaged(t *testing.T) {
	if !computetest.Long() {
		t.Skip("a minute and more: BYTOM_SOLO_LONG=1 runs it; TestFilesOfAFrontDamaged has some of it")
	}
	newFrontDamaging(t).each(t)
}

// TestFilesOfAFrontDamaged is TestFilesDamaged of a front's home.
func TestFilesOfAFrontDamaged(t *testing.T) {
	t.Parallel() // It mostly waits.
	if computetest.Long() {
		t.Skip("TestEachFileOfAFrontDamaged has all of it")
	}
	newFrontDamaging(t).some(t, []string{"front.key"})
}

// newFrontDamaging is the home of a front that was killed with a found block, and with shares that the
// node had not booked. The node is there for each start.
func newFrontDamaging(t *testing.T) *damaging {
	t.Helper()
	listen := harness.RigAddress(t)
	front := testnet.NewFront(t, testnet.FrontOptions{LogPath: filepath.Join(t.TempDir(), "log")})
	args := append(testnet.FleetNode(t, listen, front), "--mining.address", owner, "--wallet.disable")
	n := testnet.Start(t, testnet.NodeOptions{Simulated: true, Args: args})
	front.Start("nats://"+listen, owner, n.FleetAddress())
	ctx, stop := context.WithCancel(t.Context())
	rig := fakerig.New(fakerig.Config{
		Address: front.Stratum, Name: owner + ".rig", Dialect: fakerig.Plain, Rate: 20, Difficulty: 1,
		Hash: harness.NewSimulatedSolver(t).Verifier.Hash, Random: rand.New(rand.NewPCG(1, 2)),
	})
	ended := make(chan struct{})
	go func() { rig.Run(ctx); close(ended) }()
	accepted := func(least uint64, blocks uint64) {
		testnet.Wait(t, time.Minute, func() error {
			if rep := rig.Report(); rep.Accepted < least || rep.Blocks < blocks {
				return fmt.Errorf("%+v, expected %d shares, %d of them blocks", rep, least, blocks)
			}
			return nil
		})
	}
	accepted(1, 1)
	n.Pause()
	accepted(rig.Report().Accepted+5, 1)
	front.Kill()
	n.Resume()
	stop()
	<-ended
	d := &damaging{
		program: testnet.Simulated(t), home: front.Home, table: frontRows(), up: regexp.MustCompile(`msg="front is up".* page=(http://[^/]+)`),
		args: func(home string) []string {
			return []string{
				"front", "--home", home, "--chain_id", "solonet", "--name", "front", "--engine", "nats://" + listen, "--node", n.FleetAddress(),
				"--mining.address", owner, "--api_addr", "127.0.0.1:0", "--auth.disable", "--stratum.listen", "127.0.0.1:0",
			}
		},
		ask: func(t *testing.T, c testnet.Client) (f facts) {
			var all []node.FoundBlock
			if err := c.Call(t.Context(), node.FoundBlocksRoute, struct{}{}, &all); err != nil {
				t.Error(err)
			}
			f.Found = len(all)
			return f
		},
	}
	return d
}

// frontRows are those of a front's home.
func frontRows() []row {
	nothing := func(*facts) {}
	key := row{files: matches(`front\.key`), by: all(refuses, refuses), says: says(`put its last copy in its place, or move it away`), needed: true, anothers: true}
	key.by["a byte short"] = starts // The end of the line.
	outbox := bbolt("outbox", warns, refuses, `shares in it that the node had not booked yet are lost|begins anew|move it away`, nothing)
	journal := bbolt("journal", warns, warns, `begins anew|a new one begun|move it away`, func(f *facts) { f.Found = 0 })
	return []row{
		key, outbox, journal,
		{files: matches("LOCK"), by: map[string]ending{folder: refuses}, says: says(`move \S+LOCK away`), rewritten: true},
		{files: matches(`rpc\.cookie`), by: map[string]ending{folder: warns, unreadable: starts}, says: says(`let in on loopback alone`), rewritten: true},
		{files: matches(`mining/handouts\.jsonl`), by: map[string]ending{"empty": warns, "zeros": warns, "a bit": warns, folder: warns, unreadable: warns}, says: says(`last run handed out is not known`), loses: nothing, rewritten: true},
		bbolt("history", warns, warns, `begins anew|a new one begun|in memory alone`, nothing),
		bbolt("rigs", warns, warns, `begins anew|a new one begun|move it away`, nothing),
	}
}

package fleet_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// campaign is a node, an engine and two fronts, all of which are killed again and again.
type campaign struct {
	t      *testing.T
	random *rand.Rand
	engine *testnet.Node
	node   *testnet.Node
	fronts []*testnet.Front
	rigs   *rigs
	kills  map[string]int
	wiped  int
}

// victim is a process that is killed. All of them start again in their homes.
type victim interface {
	Kill()
	Launch()
	Running() bool
	Log() string
}

func newCampaign(t *testing.T, seed uint64) *campaign {
	c := &campaign{t: t, random: rand.New(rand.NewPCG(seed, 21)), kills: make(map[string]int)}
	engine, url := startEngine(t)
	for i := range 2 {
		c.fronts = append(c.fronts, testnet.NewFront(t, testnet.FrontOptions{Name: fmt.Sprintf("front-%d", i)}))
	}
	c.engine, c.node = engine, startNode(t, testnet.NodeOptions{}, testnet.FleetNode(t, url, c.fronts...))
	c.rigs = newRigs(t)
	for i, f := range c.fronts {
		f.Start(url, payee, c.node.FleetAddress())
		c.rigs.add(f.Stratum, fmt.Sprintf("farm.rig%d", i), 3, 8)
	}
	return c
}

// pause waits for a random time, so that kills come anywhere in what the processes do.
func (c *campaign) pause(most time.Duration) {
	time.Sleep(time.Duration(c.random.Int64N(int64(most))))
}

// kill kills one of the processes, and starts it again.
func (c *campaign) kill() {
	name, v := "node", victim(c.node)
	switch c.random.IntN(10) {
	case 0, 1, 2:
		name, v = "front-0", c.fronts[0]
	case 3, 4, 5:
		name, v = "front-1", c.fronts[1]
	case 6:
		name, v = "engine", c.engine
	}
	if !v.Running() {
		log := v.Log()
		c.t.Fatalf("%s has ended by itself: %s", name, log[max(0, len(log)-2000):])
	}
	v.Kill()
	c.kills[name]++
	if name == "engine" {
		c.wiped++ // It keeps nothing, and has no disk to lose: its home is gone, too.
		if err := os.RemoveAll(filepath.Join(c.engine.Home, "data")); err != nil {
			c.t.Fatal(err)
		}
	}
	c.pause(300 * time.Millisecond)
	v.Launch()
}

// recovered waits until all processes are up, and the rigs' shares are accepted again.
func (c *campaign) recovered() {
	c.t.Helper()
	testnet.Wait(c.t, time.Minute, func() error {
		if _, err := c.node.Height(); err != nil {
			return err
		}
		for _, f := range c.fronts {
			if s, err := f.State(c.t.Context()); err != nil || s.NotReady != nil {
				return fmt.Errorf("%s: %w %+v", f, err, s)
			}
		}
		return nil
	})
	for range c.fronts {
		c.rigs.wait(12, time.Minute)
	}
}

// checkBlocks has each block that a front's journal has on the chain, once, or told as lost to
// another one there.
func (c *campaign) checkBlocks() {
	c.t.Helper()
	onChain, lost := 0, 0
	for _, f := range c.fronts {
		testnet.Wait(c.t, time.Minute, func() (err error) {
			onChain, lost, err = harness.CheckFrontBlocks(f, c.node)
			return err
		})
		c.t.Logf("%s: %d blocks on the chain, %d lost to others", f.Name, onChain, lost)
	}
	height, err := c.node.Height()
	if err != nil || height == 0 {
		c.t.Errorf("height %d, %v", height, err)
	}
}

// checkLedger holds the node's ledger, which has ended, to itself.
func (c *campaign) checkLedger() {
	c.t.Helper()
	c.node.Stop()
	harness.CheckLedger(c.t, c.node.Home, len(c.rigs.all))
}

// TestNothingIsLostOrTwice kills a node, its engine and its fronts at random times, and then has the
// ledger equal what the rigs know was accepted, and each found block on the chain once. In its short
// form there are 15 kills, else 200.
func TestNothingIsLostOrTwice(t *testing.T) {
	t.Parallel()
	kills, seed := 15, rand.Uint64()
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		kills = 200
	}
	t.Logf("seed %d", seed)
	c := newCampaign(t, seed)
	for range kills {
		c.pause(800 * time.Millisecond)
		c.kill()
	}
	c.recovered()
	c.rigs.end()
	testnet.Wait(t, time.Minute, func() error {
		errs := []error{c.rigs.booked(c.node)}
		for _, f := range c.fronts {
			errs = append(errs, kept(f))
		}
		return errors.Join(errs...)
	})
	c.checkBlocks()
	var unanswered uint64
	for _, r := range c.rigs.all {
		unanswered += r.Report().Unanswered
	}
	t.Logf("kills %v, %d of them with the engine's home wiped; %d shares accepted, %d without an answer", c.kills, c.wiped, c.rigs.accepted(), unanswered)
	c.checkLedger()
}

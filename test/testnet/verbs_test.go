package testnet_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// verbs runs commands on one network.
type verbs struct {
	t   *testing.T
	dir string
}

// do runs a command that must succeed.
func (v verbs) do(line string) string {
	v.t.Helper()
	out, err := cli(v.t, v.dir, strings.Fields(line)...)
	if err != nil {
		v.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return out
}

// into runs a command with --json and reads what it prints.
func (v verbs) into(out any, line string) {
	v.t.Helper()
	text := v.do(line + " --json")
	if err := json.Unmarshal([]byte(text), out); err != nil {
		v.t.Fatalf("%s: %v in %s", line, err, text)
	}
}

// refused runs a command that must fail, with an error that says this.
func (v verbs) refused(want, line string) {
	v.t.Helper()
	out, err := cli(v.t, v.dir, strings.Fields(line)...)
	if err == nil || !strings.Contains(err.Error(), want) {
		v.t.Errorf("%s: %v %s, expected an error that says %q", line, err, out, want)
	}
}

// TestTestnetVerbs runs each verb of the command line.
func TestTestnetVerbs(t *testing.T) {
	t.Parallel()
	v := verbs{t, newDir(t)}
	v.refused("no network", "status")
	v.refused("expected line, ring or full", "up --topology star")
	v.refused("expected 0 to 1", "up --stock 2")
	v.do("down")
	v.do("up -n 3 --topology ring --seed verbs --fund")
	var status []testnet.NodeStatus
	v.into(&status, "status")
	for _, s := range status {
		if !s.Up || s.Height != uint64(testnet.PremineHeight)+1 || s.Peers != 2 || s.Clock == nil || s.Clock.Mode != "virtual" {
			t.Errorf("status: %+v", s)
		}
	}
	share := testnet.PremineTotal / 3
	v.do(fmt.Sprintf("assert balance 1 %d.%08d", share/1e8, share%1e8))
	t.Run("mine", verbs{t, v.dir}.testMine)
	t.Run("clock", verbs{t, v.dir}.testClock)
	t.Run("chain", verbs{t, v.dir}.testChain)
	if out := v.do("logs 1"); !strings.Contains(out, "1| ") || !strings.Contains(out, "node is up") || strings.Contains(out, "0| ") {
		t.Errorf("logs 1:\n%.500s", out)
	}
	v.refused("expected 0 to 2", "logs 3")
	v.do("down --clean")
	v.refused("no network", "status")
}

func (v verbs) testMine(t *testing.T) {
	v.t = t
	var status []testnet.NodeStatus
	v.into(&status, "status")
	height := status[0].Height
	var mined testnet.Mined
	v.into(&mined, "mine 2 --node 1 --to "+status[2].Address)
	if mined.Height != height+2 || len(mined.Hashes) != 2 {
		t.Errorf("mined %+v, from height %d on", mined, height)
	}
	v.do(fmt.Sprintf("assert height %d --wait 30s", height+2))
	v.do("assert tip-equal")
	v.refused(fmt.Sprintf("is at height %d, expected 5", height+2), "assert height 5 --wait 100ms")
	v.refused("expected 0 to 2", "mine --node 3")
	v.refused("expected 1 or more", "mine 0")

	// A transaction stays in the pool as long as blocks leave it out.
	id := strings.TrimSpace(v.do("send 0 1 3"))
	v.do("assert pool 1 --wait 30s")
	v.do("mine --empty --node 0")
	v.do("assert pool 1")
	v.refused("can't stand in the next block", "mine --tx "+strings.Repeat("00", 32))
	v.do("mine --node 0 --tx " + id)
	v.do("assert pool 0 --wait 30s")
	v.refused("transactions in its pool, expected 7", "assert pool 7 --node 2 --wait 0s")
	v.refused("expected BTM", "assert balance 0 much")
	v.refused("expected 412.50000000", "assert balance 1 412.5 --wait 0s")
	v.do(fmt.Sprintf("assert height %d --wait 30s", height+4))

	v.do("auto every 10ms --node 2")
	waitHigher(t, v.dir, height+5)
	v.do("auto off --node 2")
	v.refused("argument DURATION is missing", "auto every")
	v.refused("expected 0 to 2", "assert height 5 --node 3")
	v.do("assert tip-equal --wait 30s")
}

// waitHigher waits until the first node is at a height, at least.
func waitHigher(t *testing.T, dir string, height uint64) {
	t.Helper()
	n, err := testnet.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	testnet.Wait(t, time.Minute, func() error {
		h, err := n.Nodes[0].Height()
		if err == nil && h < height {
			err = fmt.Errorf("height %d, expected %d", h, height)
		}
		return err
	})
}

func (v verbs) testClock(t *testing.T) {
	v.t = t
	var before, after testnet.Clock
	v.into(&before, "clock")
	v.into(&after, "clock advance 1h")
	if before.Mode != "virtual" || after.Time != before.Time+3600 {
		t.Errorf("an hour after %+v is %+v", before, after)
	}
	v.into(&after, "clock set 2018-07-01T00:00:00Z")
	if after.Time != 1530403200 {
		t.Errorf("the clock is %+v", after)
	}
	v.into(&after, "clock freeze")
	if after.Mode != "frozen" || after.Time != 1530403200 {
		t.Errorf("frozen, the clock is %+v", after)
	}
	v.into(&after, "clock real")
	if now := time.Now().Unix(); after.Mode != "real" || after.Time < now-60 || after.Time > now {
		t.Errorf("the real clock is %+v", after)
	}
	v.into(&after, "clock virtual")
	if after != before {
		t.Errorf("virtual again, the clock is %+v, was %+v", after, before)
	}
	v.refused("expected Unix seconds", "clock set noon")
	v.refused("an hour ahead", "clock set 9999999999")
}

// testChain parts, heals, reorganises and rewinds the network.
func (v verbs) testChain(t *testing.T) {
	v.t = t
	var before, now []testnet.NodeStatus
	v.into(&before, "status")
	height := before[0].Height
	v.do("snapshot one")
	v.refused("each of the nodes [0 1 2] once", "partition 0,1")
	v.refused(`node "x"`, "partition 0,x")
	v.do("partition 0,1/2")
	v.do("mine --node 2")
	v.do("mine 2 --node 0")
	v.do(fmt.Sprintf("assert height %d --node 1 --wait 30s", height+2))
	v.do(fmt.Sprintf("assert height %d --node 2", height+1))
	v.refused("is at", "assert tip-equal --wait 0s")
	v.do("heal")
	v.do("assert tip-equal --wait 30s")
	// Twice, as the second must not bring the first one's blocks again.
	for range 2 {
		var mined testnet.Mined
		v.into(&mined, "reorg --depth 1 --node 0")
		if len(mined.Hashes) != 2 {
			t.Errorf("reorg made %+v", mined)
		}
	}
	v.do(fmt.Sprintf("assert height %d --wait 30s", height+4))
	v.refused("reorg of depth 100000", "reorg --depth 100000")
	v.refused("reorg --depth", "invalidate "+before[0].Tip)
	v.refused("reorg --depth", "reconsider "+before[0].Tip)

	v.refused("there are: [one]", "revert two")
	v.refused("expected a name", "snapshot ../two")
	v.do("revert one")
	v.into(&now, "status")
	for i, s := range now {
		b := before[i]
		if s.Tip != b.Tip || s.URL != b.URL || s.Port != b.Port || s.Address != b.Address || s.Peers != b.Peers || *s.Clock != *b.Clock {
			t.Errorf("reverted, node %d is %+v, was %+v", i, s, b)
		}
	}
	// It is the same network: the same block comes next.
	v.do("mine --node 0")
	v.do(fmt.Sprintf("assert height %d --wait 30s", height+1))
}

// TestTestnetStock has two of four nodes run the stock node. Both sides of a partition
// mine; the stock side's chain wins. We list our blocks as lost, and have their
// transactions again, which are mined in an order that the chain takes.
func TestTestnetStock(t *testing.T) {
	if !computetest.Long() {
		t.Skipf("stock nodes take a second a hash, in all most of a minute: set %s=1", computetest.LongVariable)
	}
	t.Parallel()
	r := harness.NewSolver(t)
	ctx := t.Context()
	n := testnet.New(t, testnet.Options{Nodes: 4, Stock: 2, Fund: true, Hash: r.Verifier.Hash})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(n.Partition(ctx, []int{0, 1}, []int{2, 3}))
	ours := n.Nodes[0].Client()
	flood, err := ours.Account().Flood(ctx, testnet.FloodConfig{N: 3, ChainDepth: 3, FeesLow: 1e6, FeesHigh: 1e6})
	must(err)
	mined, err := n.Mine(ctx, testnet.MineRequest{Blocks: 1})
	must(err)
	must(n.PoolSize(ctx, 0, 0))
	_, err = n.Mine(ctx, testnet.MineRequest{Node: 2, Blocks: 2})
	must(err)
	must(testnet.Poll(ctx, 30*time.Second, func() error { return n.AtHeight(ctx, uint64(testnet.PremineHeight)+3, 3) }))

	start := time.Now()
	must(n.Heal(ctx))
	must(testnet.Poll(ctx, 30*time.Second, func() error { return n.SameTip(ctx) }))
	took := time.Since(start)
	t.Logf("one tip %v after the partition", took.Round(time.Millisecond))
	if took > 30*time.Second {
		t.Errorf("one tip took %v, expected 30 s at the most", took)
	}
	must(n.AtHeight(ctx, uint64(testnet.PremineHeight)+3))
	testnet.Wait(t, 10*time.Second, func() error { return listedAsLost(n.Nodes[0], mined.Hashes) })

	// The flood and its splits are there again, each after what it spends.
	restored := len(flood.Splits) + 3
	testnet.Wait(t, 10*time.Second, func() error { return n.PoolSize(ctx, restored, 0) })
	_, err = n.Mine(ctx, testnet.MineRequest{Blocks: 1})
	must(err)
	must(n.PoolSize(ctx, 0, 0))
	must(testnet.Poll(ctx, 30*time.Second, func() error { return n.SameTip(ctx) }))
	if _, err := n.Mine(ctx, testnet.MineRequest{Node: 2, Blocks: 1, Empty: true}); err == nil {
		t.Error("a stock node took a wish")
	}
}

// listedAsLost is nil if a node says of these blocks of its own that they are lost.
func listedAsLost(m *testnet.Member, hashes []string) error {
	found, err := harness.FoundBlocks(&testnet.Node{Member: m})
	if err != nil {
		return err
	}
	for _, hash := range hashes {
		if f := found[hash]; f.State != "lost" || f.Winner == "" {
			return fmt.Errorf("block %s is told as %+v, expected lost", hash, f)
		}
	}
	return nil
}

// TestTestnetScenarios runs scenario files: those that come with the program, all of
// them in the long form, and one that fails.
func TestTestnetScenarios(t *testing.T) {
	t.Parallel()
	shipped := testnet.ShippedScenarios()
	if !slices.Equal(shipped, []string{"flood", "partition", "race"}) {
		t.Errorf("shipped are %v", shipped)
	}
	if !computetest.Long() {
		shipped = []string{"race"}
	}
	for _, name := range shipped {
		if out, err := runTestnet(t, "run", name); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}

	file := filepath.Join(t.TempDir(), "bad.yaml")
	harness.WriteFile(t, file, "name: bad\nsteps:\n  - up\n  - assert height 'one more'\n  - mine\n", 0o644)
	out, err := runTestnet(t, "run", "--json", file)
	if err == nil || !strings.Contains(err.Error(), "bad, line 4: assert height 'one more': height \"one more\": expected a number") {
		t.Errorf("%v:\n%s", err, out)
	}
	var result struct {
		OK    bool
		Steps []struct {
			Output json.RawMessage
			Error  string
		}
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil || result.OK || len(result.Steps) != 2 || result.Steps[1].Error == "" {
		t.Fatalf("%v: %s", err, out)
	}
	var status []testnet.NodeStatus
	if err := json.Unmarshal(result.Steps[0].Output, &status); err != nil || len(status) != 1 {
		t.Fatalf("%v: %s", err, result.Steps[0].Output)
	}
	noneLeft(t, filepath.Dir(status[0].Home))
	for text, want := range map[string]string{
		"steps: [up]\nstep: x": "step",
		"name: none":           "expected steps",
		"steps:\n  - mine: 3":  "line 2",
		"steps:\n  - mine '3":  "closing",
	} {
		if _, err := testnet.ParseScenario([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected an error that says %q", text, err, want)
		}
	}
}

// TestTestnetKeepsItsBits mines over retargets and seeds: the virtual clock leaves the
// difficulty as it was.
func TestTestnetKeepsItsBits(t *testing.T) {
	t.Parallel()
	r := harness.NewSolver(t)
	blocks := 4
	switch {
	case computetest.Long() && r.Hash < 5*time.Millisecond:
		blocks = 4100
	case computetest.Long():
		blocks = 2100
	}
	t.Logf("%.0f H/s: %d blocks", float64(time.Second)/float64(r.Hash), blocks)
	n := testnet.New(t, testnet.Options{Nodes: 1})
	c := n.Nodes[0].Client()
	var bits uint64
	for height := 0; height < blocks; {
		step := min(blocks-height, 100)
		mined, err := n.Mine(t.Context(), testnet.MineRequest{Blocks: step})
		if err != nil {
			t.Fatal(err)
		}
		height += step
		for _, hash := range []string{mined.Hashes[0], mined.Hashes[step-1]} {
			var b struct{ Height, Bits, Timestamp uint64 }
			if err := c.Call(t.Context(), "/get-block", map[string]string{"block_hash": hash}, &b); err != nil {
				t.Fatal(err)
			}
			if bits == 0 {
				bits = b.Bits
			}
			if b.Bits != bits || b.Timestamp != 1528945000+150*b.Height {
				t.Fatalf("block %d has bits %d and time %d, expected bits %d", b.Height, b.Bits, b.Timestamp, bits)
			}
		}
	}
	if bits != 2305843009214532812 {
		t.Errorf("bits %d are not those of the genesis block", bits)
	}
}

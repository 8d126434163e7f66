package mining_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/bytom/bytom/common"
	"github.com/bytom/bytom/consensus"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/node"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestRivals has two nodes mine against each other, now connected, now not. In the
// end they are on one chain, and each reports of every block that it found what became
// of it: on the chain, or lost to which block.
func TestRivals(t *testing.T) {
	t.Parallel()
	r := harness.NewSolver(t)
	// A block takes 20 hashes, and about as many again are lost in races.
	const fastest = 5 * time.Millisecond
	blocks := max(8, uint64(3*time.Second/(40*max(r.Hash, fastest))))
	if computetest.Long() {
		blocks = 500
	}
	a, b := startRival(t, 1, false, r.Pace(fastest)), startRival(t, 2, false, r.Pace(fastest))
	a.Connect(b.Node)
	a.setMining(t, true)
	b.setMining(t, true)
	partitions, slowest := 0, time.Duration(0)
	for height := uint64(0); height < blocks; partitions++ {
		grow(t, r, a, rand.Uint64N(8))
		a.Disconnect(b.Node)
		grow(t, r, a, rand.Uint64N(8))
		a.Connect(b.Node)
		start := time.Now()
		height = testnet.WaitSameTip(a.Node, b.Node, r.Limit(10))
		slowest = max(slowest, time.Since(start))
	}
	// What b finds last, a may not know when both have stopped: then nobody mines
	// the block that decides between two tips.
	b.setMining(t, false)
	testnet.WaitSameTip(a.Node, b.Node, r.Limit(10))
	a.setMining(t, false)
	var tally rivalry
	testnet.Wait(t, r.Limit(2), func() (err error) {
		tally, err = compareRivals(a, b)
		return err
	})
	t.Logf("%d partitions, the slowest healed in %v: %+v", partitions, slowest.Round(time.Millisecond), tally)
	if computetest.Long() && tally.Races < 20 {
		t.Errorf("%d races in %d blocks show nothing", tally.Races, tally.Height)
	}
}

// rival is a node whose blocks are known by their payee.
type rival struct {
	*testnet.Node
	address string
}

func startRival(t *testing.T, serial byte, simulated bool, flags []string) *rival {
	t.Helper()
	program := make([]byte, 20)
	program[0] = serial
	address, err := common.NewAddressWitnessPubKeyHash(program, &consensus.SoloNetParams)
	if err != nil {
		t.Fatal(err)
	}
	// Below Debug the log does not have every block.
	args := []string{"--wallet.disable", "--mining.address", address.EncodeAddress(), "--log_level", "debug"}
	n := testnet.Start(t, testnet.NodeOptions{Simulated: simulated, Args: append(args, flags...)})
	return &rival{n, address.EncodeAddress()}
}

func (v *rival) setMining(t *testing.T, on bool) {
	t.Helper()
	if err := v.Call("/set-mining", map[string]bool{"is_mining": on}, nil); err != nil {
		t.Fatal(err)
	}
}

// grow waits until the node's chain is this much longer.
func grow(t *testing.T, r *harness.Solver, v *rival, blocks uint64) {
	t.Helper()
	height, err := v.Height()
	if err != nil {
		t.Fatal(err)
	}
	v.WaitHeight(height+blocks, r.Limit(int(blocks)))
}

// rivalry is what a chain of two rivals shows.
type rivalry struct {
	Height uint64
	// Won and Lost are the blocks that each found, on the chain and beside it.
	Won, Lost [2]int
	// Races are the heights for which there was more than one block, Longest the
	// most of them in a row.
	Races, Longest int
}

// compareRivals compares what two nodes on one tip say of their blocks with the
// chain, with each other and with what they logged as they found them.
func compareRivals(a, b *rival) (rivalry, error) {
	var out rivalry
	rivals := []*rival{a, b}
	var found [2]map[string]node.FoundBlock
	for i, v := range rivals {
		var err error
		if found[i], err = harness.FoundBlocks(v.Node); err != nil {
			return out, err
		}
		if err := checkListed(v, found[i]); err != nil {
			return out, fmt.Errorf("%s: %w", v.URL, err)
		}
	}
	main, err := mainChain(a)
	if err != nil {
		return out, err
	}
	if other, err := mainChain(b); err != nil || !slices.Equal(main, other) {
		return out, fmt.Errorf("%d and %d blocks are not the same chain (%v)", len(main), len(other), err)
	}
	out.Height = uint64(len(main))
	raced := make([]bool, len(main)+1)
	for i, v := range rivals {
		for hash, f := range found[i] {
			if err := harness.CheckFate(v.Node, hash, found[i]); err != nil {
				return out, fmt.Errorf("%s: %w", v.URL, err)
			}
			if f.State != "lost" {
				out.Won[i]++
				continue
			}
			out.Lost[i]++
			raced[f.Height] = true
		}
	}
	for height, block := range main {
		f, ok := found[0][block.hash]
		if block.address == b.address {
			f, ok = found[1][block.hash]
		}
		if !ok || f.Confirmations != out.Height-uint64(height) {
			return out, fmt.Errorf("block %d of %d is %+v, but who found it says %+v", height+1, out.Height, block, f)
		}
	}
	out.Races, out.Longest = runs(raced)
	return out, nil
}

// chainBlock is a block of the main chain, and whom it pays.
type chainBlock struct{ hash, address string }

// mainChain is a node's main chain from height 1 to its tip.
func mainChain(v *rival) ([]chainBlock, error) {
	best, err := v.Height()
	if err != nil {
		return nil, err
	}
	blocks := make([]chainBlock, best)
	for i := range blocks {
		var out struct {
			Hash         string
			Transactions []struct {
				Outputs []struct{ Address string }
			}
		}
		if err := v.Call("/get-block", map[string]any{"block_height": i + 1}, &out); err != nil {
			return nil, err
		}
		blocks[i] = chainBlock{out.Hash, out.Transactions[0].Outputs[0].Address}
	}
	return blocks, nil
}

var foundLine = regexp.MustCompile(`msg="block (?:accepted|lost the race)".* hash=([0-9a-f]{64})`)

// checkListed compares the list of found blocks with the log, which has a line for
// each that the chain took.
func checkListed(v *rival, found map[string]node.FoundBlock) error {
	logged := make(map[string]bool)
	for _, m := range foundLine.FindAllStringSubmatch(v.Log(), -1) {
		logged[m[1]] = true
		if _, ok := found[m[1]]; !ok {
			return fmt.Errorf("block %s was found, but is not listed", m[1])
		}
	}
	if len(found) != len(logged) {
		return fmt.Errorf("%d blocks are listed, %d were found", len(found), len(logged))
	}
	return nil
}

// runs counts what is true, and the most of that in a row.
func runs(flags []bool) (count, longest int) {
	row := 0
	for _, flag := range flags {
		if row++; !flag {
			row = 0
			continue
		}
		count++
		longest = max(longest, row)
	}
	return count, longest
}

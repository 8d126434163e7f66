package process_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestKillLosesNoFoundBlock kills a mining node, as a power cut does, and starts it
// again on the same directory: each block that is in its journal is on the chain
// or beside it afterwards, once, and its fate is reported. Most kills come in the few
// milliseconds in which a block goes from the journal to the chain and the peers,
// the others whenever.
func TestKillLosesNoFoundBlock(t *testing.T) {
	rounds := 3
	if computetest.Long() {
		rounds = 200
	}
	k := killing{rig: harness.NewSolver(t), home: t.TempDir(), checked: make(map[string]bool)}
	for round := range rounds {
		if !t.Run(fmt.Sprint(round), func(t *testing.T) { k.round(t, round%4 == 3) }) {
			return
		}
	}
	n := testnet.Start(t, testnet.NodeOptions{Home: k.home})
	clear(k.checked)
	k.check(t, n)
	n.Stop()
	for _, b := range journaled(t, k.home) {
		if b.open {
			t.Errorf("height %d has no verdict after the last start", b.height)
		}
	}
	t.Logf("%d kills, %d blocks: %d kills left a block without a verdict", rounds, len(k.written), k.hits)
	if computetest.Long() && k.hits < rounds/50 {
		t.Errorf("the kills missed the window between a block's entry in the journal and its verdict")
	}
}

// killing is a data directory whose node is killed again and again.
type killing struct {
	rig  *harness.Solver
	home string
	// written are the blocks in the journal at the last kill.
	written []journaledBlock
	// checked are those whose fate was seen to be right.
	checked map[string]bool
	// hits counts the kills that left a block without a verdict.
	hits int
}

// round starts the node, checks what the last kill left, and kills it: at any
// moment, or soon after it wrote to its journal.
func (k *killing) round(t *testing.T, anytime bool) {
	args := append([]string{"--mining"}, k.rig.Pace(10*time.Millisecond)...) // Each block is checked by three calls.
	n := testnet.Start(t, testnet.NodeOptions{Home: k.home, Args: args})
	k.check(t, n)
	if anytime {
		time.Sleep(rand.N(40 * k.rig.Hash))
	} else {
		k.awaitWrite(t)
		time.Sleep(rand.N(5 * time.Millisecond))
	}
	n.Kill()
	k.written = journaled(t, k.home)
	open := 0
	for _, b := range k.written {
		if b.open {
			open++
		}
	}
	k.hits += min(open, 1)
	t.Logf("%d blocks in the journal, %d without a verdict", len(k.written), open)
}

// awaitWrite waits for the next write to the journal. It looks ten thousand times a
// second, as there is little more than a millisecond between solution and verdict.
func (k *killing) awaitWrite(t *testing.T) {
	t.Helper()
	state := func() string {
		info, err := os.Stat(journalPath(k.home))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(info.ModTime().UnixNano(), " ", info.Size())
	}
	before, limit := state(), k.rig.Limit(1)
	for deadline := time.Now().Add(limit); state() == before; time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v: the journal is as it was: %s", limit, before)
		}
	}
}

// check waits until the node reports the truth about each block that it had written
// down, and has the chain's answer in its journal.
func (k *killing) check(t *testing.T, n *testnet.Node) {
	t.Helper()
	testnet.Wait(t, time.Minute, func() error {
		found, err := harness.FoundBlocks(n)
		if err != nil {
			return err
		}
		for _, b := range k.written {
			if k.checked[b.hash] {
				continue
			}
			if err := harness.CheckFate(n, b.hash, found); err != nil {
				return fmt.Errorf("height %d: %w", b.height, err)
			}
			// The node looks for open blocks once it answers; the event comes with the verdict.
			submitted := func(e mining.Event) bool { return e.State == mining.StateSubmitted }
			if !slices.ContainsFunc(found[b.hash].Events, submitted) {
				return fmt.Errorf("height %d: block %s has no verdict", b.height, b.hash)
			}
		}
		return nil
	})
	for _, b := range k.written {
		k.checked[b.hash] = true
	}
}

// journaledBlock is what these tests want of an entry of the journal.
type journaledBlock struct {
	hash   string
	height uint64
	// open is true while the chain has not answered.
	open bool
}

func journalPath(home string) string { return filepath.Join(home, "mining", "journal.db") }

// journaled is what the journal holds while its node is down.
func journaled(t *testing.T, home string) []journaledBlock {
	t.Helper()
	j, err := mining.OpenJournal(journalPath(home), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	entries, err := j.Fates()
	if err != nil {
		t.Fatal(err)
	}
	blocks := make([]journaledBlock, 0, len(entries))
	for _, e := range entries {
		id := e.ID
		blocks = append(blocks, journaledBlock{id.String(), e.Height, !e.Resolved()})
	}
	return blocks
}

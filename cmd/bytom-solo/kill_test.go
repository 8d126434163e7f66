package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestKillLosesNoFoundBlock kills a mining node at random moments, as a power cut
// does, and starts it again on the same directory: each block that it had written
// down is on the chain or beside it afterwards, with a verdict.
func TestKillLosesNoFoundBlock(t *testing.T) {
	rounds := 3
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		rounds = 200
	}
	r := newRig(t)
	home := t.TempDir()
	open := 0
	for round := range rounds {
		found := journaled(t, home)
		n := testnet.Start(t, testnet.Options{Home: home, Args: []string{"--mining"}})
		checkJournaled(t, n, found)
		before, err := n.Height()
		if err != nil {
			t.Fatal(err)
		}
		n.WaitHeight(before+1, r.limit(1))
		time.Sleep(rand.N(40 * r.hash))
		n.Kill()
		for _, e := range journaled(t, home) {
			if !e.Resolved() {
				open++
			}
		}
		t.Logf("round %d: killed at height %d or above, %d blocks were under way so far", round, before+1, open)
	}
	found := journaled(t, home)
	last := testnet.Start(t, testnet.Options{Home: home})
	checkJournaled(t, last, found)
	last.Stop()
	for _, e := range journaled(t, home) {
		if !e.Resolved() {
			t.Errorf("height %d has no verdict after the last start", e.Height)
		}
	}
}

// journaled is what the journal holds while its node is down.
func journaled(t *testing.T, home string) []mining.Fate {
	t.Helper()
	path := filepath.Join(home, "mining", "journal.db")
	if _, err := os.Stat(path); err != nil {
		return nil // The first start.
	}
	j, err := mining.OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	all, err := j.Fates()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// checkJournaled waits until the chain knows each of the blocks.
func checkJournaled(t *testing.T, n *testnet.Node, entries []mining.Fate) {
	t.Helper()
	testnet.Wait(t, 30*time.Second, func() error {
		for _, e := range entries {
			hash := e.ID
			if err := n.Call("/get-raw-block", map[string]any{"block_hash": hash.String()}, nil); err != nil {
				return fmt.Errorf("block %s of height %d: %w", hash.String(), e.Height, err)
			}
		}
		return nil
	})
}

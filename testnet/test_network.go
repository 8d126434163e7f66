package testnet

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Options say what network a test needs.
type Options struct {
	// Nodes is how many; 0 is 1. Stock is how many of them, the last ones, run the
	// stock node.
	Nodes, Stock int
	// Simulated runs builds of ours whose hash is compute.Simulated. Fronts is how many fronts the
	// first node has, with an engine in its process: it takes Simulated.
	Simulated bool
	Fronts    int
	// Topology says who is whose peer; empty is a line.
	Topology Topology
	// Phrase is the secret that all keys come from; empty is DefaultPhrase.
	Phrase string
	// Fund gives each node's account spendable BTM.
	Fund bool
	// Args are further flags of our nodes.
	Args []string
	// Hash computes the blocks that stock nodes mine.
	Hash HashFunc
}

// New makes a network that ends with the test, or with the process whatever becomes
// of the test. If the test has failed then, it says where it keeps the logs. A node
// of ours that has logged an error fails it.
func New(t testing.TB, o Options) *Network {
	t.Helper()
	c := Config{
		Dir: filepath.Join(t.TempDir(), "testnet"), Nodes: max(1, o.Nodes), Stock: o.Stock, Topology: o.Topology,
		Fronts: o.Fronts, Phrase: o.Phrase, Fund: o.Fund, Args: o.Args, Hash: o.Hash, Tied: true,
	}
	switch {
	case o.Simulated:
		c.Solo = Simulated(t)
	case c.Stock < c.Nodes:
		c.Solo = Solo(t)
	}
	if c.Stock > 0 {
		c.StockNode = Stock(t, StockNode)
	}
	t.Cleanup(func() { finish(t, c.Dir) })
	n, err := Up(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Down(context.Background()); err != nil {
			t.Errorf("end the network: %v", err)
		}
	})
	return n
}

// finish looks at what a network has left.
func finish(t testing.TB, dir string) {
	n, err := Open(dir)
	if errors.Is(err, ErrNone) {
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	for _, m := range n.Nodes {
		for _, line := range m.errorLines() {
			t.Errorf("%s logged: %s", m, line)
		}
	}
	for _, f := range n.Fronts {
		for _, line := range f.errorLines() {
			t.Errorf("%s logged: %s", f, line)
		}
	}
	if t.Failed() {
		n.keepLogs(t)
	}
}

// keepLogs moves the logs to where the test's end does not remove them, and shows
// their ends.
func (n *Network) keepLogs(t testing.TB) {
	dir, err := os.MkdirTemp("", "testnet-"+strings.ReplaceAll(t.Name(), "/", "-")+"-")
	if err != nil {
		t.Error(err)
		return
	}
	for _, m := range n.Nodes {
		t.Logf("log of %s, its end:\n%s", m, m.logEnd(4000))
		for _, path := range m.LogFiles() {
			if err := os.Rename(path, filepath.Join(dir, strings.TrimSuffix(filepath.Base(m.LogPath), ".log")+"-"+filepath.Base(path))); err != nil {
				t.Error(err)
			}
		}
	}
	for _, f := range n.Fronts {
		t.Logf("log of %s, its end:\n%s", f, f.logEnd(4000))
		if err := os.Rename(f.LogPath, filepath.Join(dir, filepath.Base(f.LogPath))); err != nil {
			t.Error(err)
		}
	}
	t.Logf("the logs are kept in %s", dir)
}

package testnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bytom-solo/bytom-solo/testnet/fakerig"
)

// Config says what network to make.
type Config struct {
	// Dir takes all that it writes. What an earlier network left there is removed.
	Dir string
	// Nodes is how many, Stock how many of them, the last ones, run the stock node.
	Nodes, Stock int
	// Fronts is how many fronts the first node, one of ours, has. Engine is the URL of what carries
	// their messages; empty has it in the node's process, whose program must be built for that.
	Fronts int
	Engine string
	// Topology says who is whose peer; empty is a line.
	Topology Topology
	// Phrase is the secret that all keys come from; empty is DefaultPhrase.
	Phrase string
	// Fund gives each node's account spendable BTM.
	Fund bool
	// Solo and StockNode are the paths of the two programs.
	Solo, StockNode string
	// Args are further flags of our nodes.
	Args []string
	// Hash computes the blocks that stock nodes mine.
	Hash HashFunc
	// Tied nodes end with this process at the latest, however it ends.
	Tied bool
}

// DefaultPhrase is the phrase of networks that were given none.
const DefaultPhrase = "bytom-solo"

func (c *Config) check() error {
	if c.Topology == "" {
		c.Topology = Line
	}
	if c.Phrase == "" {
		c.Phrase = DefaultPhrase
	}
	switch {
	case c.Fronts < 0 || c.Fronts > nodesMost/2:
		return fmt.Errorf("%d fronts: expected 0 to %d", c.Fronts, nodesMost/2)
	case c.Fronts > 0 && c.Stock == c.Nodes:
		return errors.New("fronts take a node of ours, the first")
	case c.Engine != "" && c.Fronts == 0:
		return errors.New("an engine is for fronts: how many?")
	case c.Nodes < 1 || c.Nodes+c.Fronts > nodesMost:
		return fmt.Errorf("%d nodes: expected 1 to %d", c.Nodes, nodesMost-c.Fronts)
	case c.Stock < 0 || c.Stock > c.Nodes:
		return fmt.Errorf("%d stock nodes: expected 0 to %d", c.Stock, c.Nodes)
	case c.Stock > 0 && c.StockNode == "":
		return errors.New("stock nodes: where is the program bytomd?")
	case c.Stock < c.Nodes && c.Solo == "":
		return errors.New("where is the program bytom-solo?")
	case c.Dir == "":
		return errors.New("the network's directory is not given")
	}
	return c.Topology.check()
}

// Network is a local network: nodes that are processes of their own, and a directory
// that describes them. Its methods are not safe for concurrent use, but for Auto, Mine
// and what only asks.
type Network struct {
	Dir      string    `json:"dir"`
	Phrase   string    `json:"phrase"`
	Topology Topology  `json:"topology"`
	Groups   [][]int   `json:"groups,omitempty"` // of nodes, while the network is parted
	Nodes    []*Member `json:"nodes"`
	// Fronts are the first node's.
	Fronts []*FrontMember `json:"fronts,omitempty"`
	// Rigs are those that AddRigs added, Gone what those had sent in the end that were removed.
	Rigs []*RigBatch      `json:"rigs,omitempty"`
	Gone []fakerig.Report `json:"gone,omitempty"`
	// Hash computes the blocks that stock nodes mine.
	Hash HashFunc `json:"-"`

	place *place // where the nodes live, if this process has reserved that
	tied  bool
}

// stateFile describes a network, in its directory.
const stateFile = "network.json"

// ErrNone means that a directory has no network.
var ErrNone = errors.New("no network; 'up' makes one")

// ErrNoNode means that a network has no node of an index.
var ErrNoNode = errors.New("no such node")

// Up makes a network and waits until all nodes have found their peers. On an error
// nothing is left running.
func Up(ctx context.Context, c Config) (*Network, error) {
	if err := errors.Join(c.check(), supported()); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	n := &Network{Dir: dir, Phrase: c.Phrase, Topology: c.Topology, Hash: c.Hash, tied: c.Tied}
	err = n.locked(ctx, func() error { return n.up(ctx, c) })
	if err != nil && n.place != nil {
		return nil, errors.Join(err, n.Down(context.WithoutCancel(ctx)))
	}
	return n, err
}

func (n *Network) up(ctx context.Context, c Config) error {
	if err := clean(n.Dir); err != nil {
		return err
	}
	var err error
	if n.place, err = reserve(n.Dir, c.Nodes+c.Fronts); err != nil {
		return err
	}
	if err := n.makeMembers(c); err != nil {
		return err
	}
	if err := n.start(ctx, n.Nodes); err != nil {
		return err
	}
	if c.Fund {
		if err := n.fund(ctx); err != nil {
			return fmt.Errorf("fund the accounts: %w", err)
		}
	}
	if err := n.relink(ctx); err != nil {
		return err
	}
	if c.Fund {
		if err := n.caughtUp(ctx); err != nil {
			return err
		}
	}
	return n.startFronts(ctx, n.Fronts)
}

// clean makes room for a network where there was one, or nothing.
func clean(dir string) error {
	old, err := Open(dir)
	if errors.Is(err, ErrNone) {
		entries, err := os.ReadDir(dir)
		if err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() != lockFile }) {
			return fmt.Errorf("%s has files that are no network's; give another --dir", dir)
		}
		return err
	}
	if err != nil {
		return err
	}
	running, err := old.running()
	if err != nil {
		return err
	}
	if len(running) > 0 {
		return fmt.Errorf("a network of %d nodes is up in %s already; 'down' ends it", len(old.Nodes), dir)
	}
	return old.remove()
}

// remove removes all files of the network but the lock, the state last.
func (n *Network) remove() error {
	var errs []error
	for _, d := range n.daemons() {
		errs = append(errs, os.RemoveAll(d.Home), os.RemoveAll(d.LogPath))
	}
	errs = append(errs, os.RemoveAll(n.snapshots()), os.RemoveAll(n.rigsDir()))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(n.Dir, stateFile))
}

// Open finds the network of a directory, running or not. Without any the error is
// ErrNone.
func Open(dir string) (*Network, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	n := &Network{Dir: dir}
	return n, n.load()
}

func (n *Network) load() error {
	raw, err := os.ReadFile(filepath.Join(n.Dir, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w", n.Dir, ErrNone)
	}
	if err != nil {
		return err
	}
	dir := n.Dir
	n.Nodes, n.Groups, n.Fronts, n.Rigs, n.Gone = nil, nil, nil, nil, nil
	if err := json.Unmarshal(raw, n); err != nil {
		return fmt.Errorf("%s in %s: %w", stateFile, dir, err)
	}
	if n.Dir != dir {
		return fmt.Errorf("the network in %s was made in %s and can't be moved", dir, n.Dir)
	}
	return nil
}

// save writes the state, whole or not at all.
func (n *Network) save() error {
	raw, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(n.Dir, stateFile)
	if err := os.WriteFile(path+".new", raw, 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// lockFile is locked by who changes the network.
const lockFile = "lock"

// locked calls f while nobody else changes the network.
func (n *Network) locked(ctx context.Context, f func() error) (err error) {
	if err := os.MkdirAll(n.Dir, 0o700); err != nil {
		return err
	}
	var file *os.File
	defer func() {
		if file != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	const patience = 10 * time.Minute
	err = Poll(ctx, patience, func() error {
		if file == nil {
			if file, err = os.OpenFile(filepath.Join(n.Dir, lockFile), os.O_RDONLY|os.O_CREATE, 0o644); err != nil {
				return err
			}
		}
		free, err := tryLock(file)
		if err == nil && !free {
			err = fmt.Errorf("another command is changing the network in %s", n.Dir)
		}
		if err == nil && !isAt(file, filepath.Join(n.Dir, lockFile)) {
			// Who was waited for has removed the network: who comes now locks another file.
			err = errors.Join(fmt.Errorf("the network in %s was removed meanwhile", n.Dir), file.Close())
			file = nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(n.Nodes) > 0 && n.place == nil {
		// Another command may have changed what this one has read.
		if err := n.load(); err != nil {
			return err
		}
	}
	return f()
}

// isAt reports whether an open file is still the one at a path.
func isAt(file *os.File, path string) bool {
	open, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(open, there)
}

// teardown is how long nodes get to stop by themselves: half of the two seconds that the
// end of a network may take, on a machine that is busy. Nobody needs what they would still
// write.
const teardown = time.Second

// Down ends all nodes. What they wrote stays.
func (n *Network) Down(ctx context.Context) error {
	return n.locked(ctx, func() error { return n.stop(ctx, teardown) })
}

// stop ends all nodes and keeps none of their addresses.
func (n *Network) stop(ctx context.Context, grace time.Duration) error {
	if err := n.end(ctx, grace); err != nil {
		return err
	}
	return errors.Join(n.Close(), n.save())
}

// Close leaves a network that runs to itself. As long as it is not closed, nobody else
// takes its addresses while Snapshot and Revert restart the nodes.
func (n *Network) Close() error {
	if n.place == nil {
		return nil
	}
	p := n.place
	n.place = nil
	return p.close()
}

// end ends all processes.
func (n *Network) end(ctx context.Context, grace time.Duration) error {
	running, err := n.running()
	if err != nil {
		return err
	}
	parts, ctx := errgroup.WithContext(ctx)
	for _, p := range running {
		parts.Go(func() error { return p.end(ctx, grace) })
	}
	if err := parts.Wait(); err != nil {
		return err
	}
	for _, d := range n.daemons() {
		d.Process = process{}
	}
	n.Rigs, n.Gone = nil, nil
	return nil
}

// running are the processes of the network, those included that a command has started
// and not written down when it crashed.
func (n *Network) running() ([]process, error) {
	var homes []string
	for _, d := range n.daemons() {
		homes = append(homes, d.Home)
	}
	return processesOf(func(args []string) bool { return runsDaemon(args, homes) || runsRigs(args, n.Dir) })
}

// Remove ends all nodes and removes all files.
func (n *Network) Remove(ctx context.Context) error {
	return n.locked(ctx, func() error {
		if err := n.stop(ctx, teardown); err != nil {
			return err
		}
		if err := n.remove(); err != nil {
			return err
		}
		return os.RemoveAll(filepath.Join(n.Dir, lockFile))
	})
}

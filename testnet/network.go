package testnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// Config says what network to make.
type Config struct {
	// Dir takes all that it writes. What an earlier network left there is removed.
	Dir string
	// Nodes is how many, Stock how many of them, the last ones, run the stock node.
	Nodes, Stock int
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
	case c.Nodes < 1 || c.Nodes > nodesMost:
		return fmt.Errorf("%d nodes: expected 1 to %d", c.Nodes, nodesMost)
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
	// Rigs are those that AddRigs added.
	Rigs []*RigBatch `json:"rigs,omitempty"`
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
	if n.place, err = reserve(n.Dir, c.Nodes); err != nil {
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
	if err := n.relink(ctx); err != nil || !c.Fund {
		return err
	}
	return n.caughtUp(ctx)
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
	for _, m := range n.Nodes {
		errs = append(errs, os.RemoveAll(m.Home), os.RemoveAll(m.LogPath))
	}
	errs = append(errs, os.RemoveAll(n.snapshots()), os.RemoveAll(n.rigsDir()))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(n.Dir, stateFile))
}

// makeMembers says who is to run where.
func (n *Network) makeMembers(c Config) error {
	var ips []string
	for i := range c.Nodes {
		ips = append(ips, n.place.ip(i))
	}
	rpc, err := openPort(rpcPort, ips...)
	if err != nil {
		return err
	}
	rigs, err := openPort(rigPort, ips...)
	if err != nil {
		return err
	}
	for i, ip := range ips {
		name := fmt.Sprintf("node-%d", i)
		m := &Member{
			Index: i, Stock: i >= c.Nodes-c.Stock, Home: filepath.Join(n.Dir, name), LogPath: filepath.Join(n.Dir, name+".log"),
			URL: fmt.Sprintf("http://%s:%d", ip, rpc), IP: ip, Port: n.place.p2p(i), Program: c.Solo,
		}
		// Our nodes' blocks differ by their aliases.
		m.Stratum = net.JoinHostPort(ip, strconv.Itoa(rigs))
		m.Args = append([]string{"--solonet.tools", "--node_alias", name, "--stratum.listen", m.Stratum, "--stratum.start-difficulty", "1"}, c.Args...)
		if m.Stock {
			m.Program, m.Args, m.Stratum = c.StockNode, nil, ""
		}
		n.Nodes = append(n.Nodes, m)
	}
	// Who cleans up after a crash needs the homes, whatever the crash prevented.
	return n.save()
}

// start starts nodes and waits until they answer and have their accounts.
func (n *Network) start(ctx context.Context, members []*Member) error {
	for _, m := range members {
		if err := os.MkdirAll(m.Home, 0o700); err != nil {
			return err
		}
		if err := writeNodeKey(m.Home, n.Phrase, m.Index); err != nil {
			return err
		}
		if err := m.start(n.place, n.tied); err != nil {
			return err
		}
	}
	if err := n.save(); err != nil {
		return err
	}
	parts, partsCtx := errgroup.WithContext(ctx)
	for _, m := range members {
		parts.Go(func() error {
			if err := m.ready(partsCtx, startLimit); err != nil {
				return err
			}
			var err error
			m.Address, err = m.Client().ensureAccount(partsCtx, n.Phrase, m.Index)
			return err
		})
	}
	if err := parts.Wait(); err != nil {
		return err
	}
	return n.save()
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
	n.Nodes, n.Groups, n.Rigs = nil, nil, nil
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
	file, err := os.OpenFile(filepath.Join(n.Dir, lockFile), os.O_RDONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	const patience = 10 * time.Minute
	err = Poll(ctx, patience, func() error {
		free, err := tryLock(file)
		if err == nil && !free {
			err = fmt.Errorf("another command is changing the network in %s", n.Dir)
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
	for _, m := range n.Nodes {
		m.Process = process{}
	}
	n.Rigs = nil
	return nil
}

// running are the processes of the network, those included that a command has started
// and not written down when it crashed.
func (n *Network) running() ([]process, error) {
	var homes []string
	for _, m := range n.Nodes {
		homes = append(homes, m.Home)
	}
	return processesOf(func(args []string) bool { return runsNode(args, homes) || runsRigs(args, n.Dir) })
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

// member is the node of an index.
func (n *Network) member(index int) (*Member, error) {
	if index < 0 || index >= len(n.Nodes) {
		return nil, fmt.Errorf("%w: node %d: expected 0 to %d", ErrNoNode, index, len(n.Nodes)-1)
	}
	return n.Nodes[index], nil
}

// ours is the node of an index, which must be of ours for this.
func (n *Network) ours(index int, what string) (*Member, error) {
	m, err := n.member(index)
	if err == nil && m.Stock {
		err = fmt.Errorf("%s can't %s", m, what)
	}
	return m, err
}

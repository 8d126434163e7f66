package testnet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
)

// NodeOptions say what node to start.
type NodeOptions struct {
	// Stock runs the stock node instead of ours.
	Stock bool
	// Simulated runs a build whose hash is compute.Simulated, of ours or of the stock node.
	Simulated bool
	// Program is the path of another build to run; empty is this one.
	Program string
	// Home is the data directory; empty is a new one, removed after the test.
	Home string
	// LogPath is the file of its log; empty is one in the data directory.
	LogPath string
	// Args are further flags of the node command.
	Args []string
	// Profile serves profiles.
	Profile bool
	// Patience is how long it may take until it answers; 0 is a minute.
	Patience time.Duration
	// ExpectErrors are parts of the lines that the node must log at Error. Without
	// them, any such line fails the test.
	ExpectErrors []string
}

// Node is a node of a test, on a solonet of its own.
type Node struct {
	*Member
	// ProfileURL is where net/http/pprof answers, if NodeOptions asked for it.
	ProfileURL string

	watched
	at *place
}

// Start runs a node and waits until it answers, and ours until it says that it is up: it
// answers a moment before it is on the network. The test's end stops it; a node of
// ours that then does not stop within five seconds, fails or has logged another
// error than expected fails the test. The node's log is shown if the test failed.
func Start(t testing.TB, o NodeOptions) *Node {
	t.Helper()
	n := &Node{Member: &Member{Stock: o.Stock, daemon: daemon{Home: o.Home, Args: o.Args}}}
	n.watched = watched{process: &n.daemon, t: t, expect: o.ExpectErrors, stock: o.Stock}
	if n.Home == "" {
		n.Home = t.TempDir()
	}
	at, index, err := nextPlace()
	if err == nil {
		n.at = at
		err = n.settle(at, index, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.cleanup)
	n.run(cmp.Or(o.Patience, startLimit))
	return n
}

// run starts the node and waits until it is up.
func (n *Node) run(patience time.Duration) {
	n.t.Helper()
	said := n.ups()
	n.Launch()
	if err := n.ready(context.Background(), patience); err != nil {
		n.t.Fatal(err)
	}
	if n.Stock {
		return
	}
	Wait(n.t, startLimit, func() error {
		if n.ups() == said {
			return fmt.Errorf("%s answers, and has not said that it is up", n)
		}
		return nil
	})
}

// ups is how often the node has logged that it is on the network.
func (n *Node) ups() int { return strings.Count(n.Log(), "node is up") }

// Launch is Restart without the wait.
func (n *Node) Launch() {
	n.t.Helper()
	if err := n.start(n.at, true); err != nil {
		n.t.Fatal(err)
	}
	n.stopped = false
}

// Restart starts the node, which has ended, again: at the same addresses, in its home.
func (n *Node) Restart() {
	n.t.Helper()
	n.run(startLimit)
}

// settle gives the node its addresses, program and log.
func (n *Node) settle(at *place, index int, o NodeOptions) error {
	ip := at.ip(index)
	rpc, err := openPort(rpcPort, ip)
	if err != nil {
		return err
	}
	n.IP, n.Port, n.URL = ip, at.p2p(index), fmt.Sprintf("http://%s:%d", ip, rpc)
	n.LogPath = cmp.Or(o.LogPath, filepath.Join(n.Home, "output-"+ip+".log"))
	if o.Profile {
		port, err := openPort(profilePort, ip)
		if err != nil {
			return err
		}
		address := net.JoinHostPort(ip, strconv.Itoa(port))
		n.ProfileURL = "http://" + address + "/debug/pprof/"
		n.Args = append(slices.Clone(n.Args), "--prof_laddr", address)
	}
	switch {
	case n.Stock && o.Simulated:
		n.Program = SimulatedStock(n.t)
	case n.Stock:
		n.Program = Stock(n.t, StockNode)
	case o.Simulated:
		n.Program = Simulated(n.t)
	case o.Program != "":
		n.Program = o.Program
	default:
		n.Program = Solo(n.t)
	}
	return nil
}

// places are those of this process's single nodes.
var places struct {
	sync.Mutex
	last *place
	used int
}

// nextPlace is a place, and the index in it of one node.
func nextPlace() (at *place, index int, err error) {
	places.Lock()
	defer places.Unlock()
	if places.last == nil || places.used == nodesMost {
		p, err := reserve(strconv.Itoa(os.Getpid()), nodesMost)
		if err != nil {
			return nil, 0, err
		}
		places.last, places.used = p, 0
	}
	index = places.used
	places.used++
	return places.last, index, nil
}

// FreePort is a port of a loopback address that nothing listens on.
func FreePort(t testing.TB, ip string) int {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Connect makes n dial other, and waits until both are done with the handshake.
func (n *Node) Connect(other *Node) {
	n.t.Helper()
	if err := n.connect(context.Background(), other.Member); err != nil {
		n.t.Fatal(err)
	}
}

// Disconnect makes n drop its connection with other, and waits until neither knows
// of it.
func (n *Node) Disconnect(other *Node) {
	n.t.Helper()
	if err := n.disconnect(context.Background(), other.Member); err != nil {
		n.t.Fatal(err)
	}
}

// Mine has the node produce blocks from the work that it hands out by get-work,
// solved by v.
func (n *Node) Mine(v *compute.Verifier, blocks int) {
	n.t.Helper()
	var timestamp func(height uint64) uint64
	if n.Stock {
		timestamp = n.afterParent
	}
	for range blocks {
		if _, err := n.Client().mineWork(n.t.Context(), v.Hash, timestamp); err != nil {
			n.t.Fatal(err)
		}
	}
}

// afterParent is the clock's second, or the one after that of the block below this height: a
// stock node hands out work of this second, which it refuses to take where the few blocks of
// a young chain were all found in it.
func (n *Node) afterParent(height uint64) uint64 {
	var parent struct {
		Timestamp uint64 `json:"timestamp"`
	}
	if err := n.Call("/get-block", map[string]uint64{"block_height": height - 1}, &parent); err != nil {
		n.t.Fatal(err)
	}
	return max(uint64(time.Now().Unix()), parent.Timestamp+1)
}

// WaitHeight waits until the node's best block is at height at least.
func (n *Node) WaitHeight(height uint64, limit time.Duration) {
	n.t.Helper()
	Wait(n.t, limit, func() error {
		h, err := n.Height()
		if err == nil && h < height {
			err = fmt.Errorf("%s is at height %d, expected %d", n.URL, h, height)
		}
		return err
	})
}

// WaitSameTip waits until both nodes have the same best block, and returns its
// height.
func WaitSameTip(a, b *Node, limit time.Duration) (height uint64) {
	a.t.Helper()
	Wait(a.t, limit, func() (err error) {
		height, err = sameTip(context.Background(), []*Member{a.Member, b.Member})
		return err
	})
	return height
}

// Run runs a program against the node's RPC (as BYTOM_URL) and returns what it
// printed.
func (n *Node) Run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "BYTOM_URL="+n.URL)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Goroutines is how many goroutines the node runs; it needs NodeOptions.Profile.
func (n *Node) Goroutines() (total int, err error) {
	resp, err := httpClient.Get(n.ProfileURL + "goroutine?debug=1")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	_, err = fmt.Fscanf(resp.Body, "goroutine profile: total %d", &total)
	return total, err
}

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
	// Simulated runs a build of ours whose hash is compute.Simulated.
	Simulated bool
	// Program is the path of another build to run; empty is this one.
	Program string
	// Home is the data directory; empty is a new one, removed after the test.
	Home string
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

	t       testing.TB
	expect  []string
	stopped bool
}

// Start runs a node and waits until it answers, and ours until it says that it is up: it
// answers a moment before it is on the network. The test's end stops it; a node of
// ours that then does not stop within five seconds, fails or has logged another
// error than expected fails the test. The node's log is shown if the test failed.
func Start(t testing.TB, o NodeOptions) *Node {
	t.Helper()
	n := &Node{Member: &Member{Home: o.Home, Stock: o.Stock, Args: o.Args}, t: t, expect: o.ExpectErrors}
	if n.Home == "" {
		n.Home = t.TempDir()
	}
	at, index, err := nextPlace()
	if err == nil {
		err = n.settle(at, index, o)
	}
	if err == nil {
		err = n.start(at, true)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.cleanup)
	if err := n.ready(context.Background(), cmp.Or(o.Patience, startLimit)); err != nil {
		t.Fatal(err)
	}
	if !n.Stock {
		Wait(t, startLimit, n.saidUp)
	}
	return n
}

// saidUp is nil if the node has logged that it is on the network.
func (n *Node) saidUp() error {
	if !strings.Contains(n.Log(), "node is up") {
		return fmt.Errorf("%s answers, and has not said that it is up", n)
	}
	return nil
}

// settle gives the node its addresses, program and log.
func (n *Node) settle(at *place, index int, o NodeOptions) error {
	ip := at.ip(index)
	rpc, err := openPort(rpcPort, ip)
	if err != nil {
		return err
	}
	n.IP, n.Port, n.URL = ip, at.p2p(index), fmt.Sprintf("http://%s:%d", ip, rpc)
	n.LogPath = filepath.Join(n.Home, "output-"+ip+".log")
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

// Stop ends the node as an operator would and returns how long that took.
func (n *Node) Stop() time.Duration {
	n.t.Helper()
	n.stopped = true
	start := time.Now()
	const patience = 10 * time.Second
	if err := n.stop(context.Background(), patience); err != nil {
		n.t.Error(err)
	}
	took := time.Since(start)
	if n.exitErr != nil && !n.Stock {
		n.t.Errorf("the node ended with %v after %v", n.exitErr, took)
	}
	return took
}

// Kill ends the node as a power cut would.
func (n *Node) Kill() {
	n.t.Helper()
	n.stopped = true
	if err := n.Process.kill(); err != nil {
		n.t.Error(err)
	}
	<-n.exited
}

func (n *Node) cleanup() {
	if !n.stopped {
		if took := n.Stop(); took > 5*time.Second && !n.Stock {
			n.t.Errorf("the node took %v to stop, expected 5 s at the most", took)
		}
	}
	if !n.Stock {
		n.checkErrors()
	}
	if n.t.Failed() {
		n.t.Logf("log of %s, its end:\n%s", n.URL, n.logEnd(8000))
	}
}

// checkErrors compares the errors in the log with those that are expected.
func (n *Node) checkErrors() {
	missing := slices.Clone(n.expect)
	for _, line := range n.errorLines() {
		known := false
		for _, part := range n.expect {
			if strings.Contains(line, part) {
				known = true
				missing = slices.DeleteFunc(missing, func(m string) bool { return m == part })
			}
		}
		if !known {
			n.t.Errorf("the node logged: %s", line)
		}
	}
	for _, part := range missing {
		n.t.Errorf("the node has not logged an error that says %q", part)
	}
}

// errorLines are the lines of the log that report a fault of the node's own.
func (m *Member) errorLines() (bad []string) {
	for line := range strings.Lines(m.Log()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic:") {
			bad = append(bad, line)
		}
	}
	return bad
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
	for range blocks {
		if _, err := n.Client().mineWork(n.t.Context(), v.Hash, nil); err != nil {
			n.t.Fatal(err)
		}
	}
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

package testnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Options say what node to start.
type Options struct {
	// Stock runs the stock node instead of ours.
	Stock bool
	// Home is the data directory; empty is a new one, removed after the test.
	Home string
	// Args are further flags of the node command.
	Args []string
	// Profile serves profiles.
	Profile bool
	// ExpectErrors are parts of the lines that the node must log at Error. Without
	// them, any such line fails the test.
	ExpectErrors []string
}

// Node is a running node on a solonet of its own. Its p2p listens on a loopback
// address that no other node has: Bytom tells peers apart by their IP.
type Node struct {
	Home  string
	URL   string // of the RPC
	IP    string // of the p2p
	Port  int
	Stock bool
	// ProfileURL is where net/http/pprof answers, if Options asked for it.
	ProfileURL string

	t       testing.TB
	cmd     *exec.Cmd
	logPath string
	expect  []string
	exited  chan struct{}
	exitErr error
	stopped bool
}

// nextIP gives each node of a process its loopback address, 127.1.x.y.
var nextIP atomic.Uint32

// Start runs a node and waits until it answers. The test's end stops it; a node of
// ours that then does not stop within five seconds, fails or has logged another
// error than expected fails the test. The node's log is shown if the test failed.
func Start(t testing.TB, o Options) *Node {
	t.Helper()
	n := &Node{Home: o.Home, Stock: o.Stock, t: t, expect: o.ExpectErrors, exited: make(chan struct{})}
	if n.Home == "" {
		n.Home = t.TempDir()
	}
	serial := nextIP.Add(1)
	n.IP = fmt.Sprintf("127.1.%d.%d", serial/250, 1+serial%250)
	n.Port = FreePort(t, n.IP)
	rpc := fmt.Sprintf("127.0.0.1:%d", FreePort(t, "127.0.0.1"))
	n.URL = "http://" + rpc
	n.start(o, rpc)
	t.Cleanup(n.cleanup)
	Wait(t, 30*time.Second, func() error {
		select {
		case <-n.exited:
			t.Fatalf("the node ended at its start: %v\n%s", n.exitErr, n.Log())
		default:
		}
		return n.Call("/net-info", nil, nil)
	})
	return n
}

func (n *Node) start(o Options, rpc string) {
	program := ""
	if n.Stock {
		program = Stock(n.t, StockNode)
	} else {
		program = Solo(n.t)
	}
	args := append([]string{
		"node", "--home", n.Home, "--chain_id", "solonet", "--web.closed",
		"--p2p.laddr", fmt.Sprintf("tcp://%s:%d", n.IP, n.Port), "--p2p.skip_upnp", "--p2p.lan_discoverable=false",
	}, o.Args...)
	if o.Profile {
		address := fmt.Sprintf("127.0.0.1:%d", FreePort(n.t, "127.0.0.1"))
		n.ProfileURL = "http://" + address + "/debug/pprof/"
		args = append(args, "--prof_laddr", address)
	}
	n.cmd = exec.Command(program, args...)
	n.cmd.Env = append(os.Environ(), "LISTEN="+rpc)
	n.logPath = filepath.Join(n.Home, fmt.Sprintf("output-%d.log", n.Port))
	log, err := os.Create(n.logPath)
	if err != nil {
		n.t.Fatal(err)
	}
	n.cmd.Stdout, n.cmd.Stderr = log, log
	if err := n.cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	go func() {
		n.exitErr = errors.Join(n.cmd.Wait(), log.Close())
		close(n.exited)
	}()
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

// Log is what the node wrote to its terminal.
func (n *Node) Log() string {
	raw, err := os.ReadFile(n.logPath)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// Running tells whether the process lives.
func (n *Node) Running() bool {
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

// Stop ends the node as an operator would and returns how long that took.
func (n *Node) Stop() time.Duration {
	n.t.Helper()
	n.stopped = true
	start := time.Now()
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil && n.Running() {
		n.t.Errorf("signal the node: %v", err)
	}
	select {
	case <-n.exited:
	case <-time.After(10 * time.Second):
		_ = n.cmd.Process.Kill()
		<-n.exited
		if !n.Stock {
			n.t.Errorf("the node did not stop within 10 s")
		}
	}
	if n.exitErr != nil && !n.Stock {
		n.t.Errorf("the node ended with %v", n.exitErr)
	}
	return time.Since(start)
}

// Kill ends the node as a power cut would.
func (n *Node) Kill() {
	n.stopped = true
	_ = n.cmd.Process.Kill()
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
		log := []byte(n.Log())
		n.t.Logf("log of %s, its end:\n%s", n.URL, bytes.TrimSpace(log[max(0, len(log)-8000):]))
	}
}

// checkErrors compares the errors in the log with those that are expected.
func (n *Node) checkErrors() {
	missing := slices.Clone(n.expect)
	for line := range strings.Lines(n.Log()) {
		bad := strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic:")
		for _, part := range n.expect {
			if bad && strings.Contains(line, part) {
				bad = false
				missing = slices.DeleteFunc(missing, func(m string) bool { return m == part })
			}
		}
		if bad {
			n.t.Errorf("the node logged: %s", line)
		}
	}
	for _, part := range missing {
		n.t.Errorf("the node has not logged an error that says %q", part)
	}
}

// Run runs a program against the node's RPC (as BYTOM_URL) and returns what it
// printed.
func (n *Node) Run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "BYTOM_URL="+n.URL)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Goroutines is how many goroutines the node runs; it needs Options.Profile.
func (n *Node) Goroutines() (total int, err error) {
	resp, err := httpClient.Get(n.ProfileURL + "goroutine?debug=1")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = fmt.Fscanf(resp.Body, "goroutine profile: total %d", &total)
	return total, err
}

package testnet

import (
	"cmp"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// FrontOptions say what front a test needs. Its program is that of Simulated.
type FrontOptions struct {
	// Name is the front's; empty is "front".
	Name string
	// Home and LogPath are as NodeOptions'.
	Home, LogPath string
	// Args are further flags of the front command.
	Args []string
	// ExpectErrors is as NodeOptions'.
	ExpectErrors []string
}

// Front is a front of a test.
type Front struct {
	*FrontMember

	watched
	at *place
}

// NewFront gives a front its home, its key and its addresses, so that a node can be told of it.
// Start runs it. The test's end stops it, as it does nodes.
func NewFront(t testing.TB, o FrontOptions) *Front {
	t.Helper()
	at, index, err := nextPlace()
	if err != nil {
		t.Fatal(err)
	}
	ip, home := at.ip(index), o.Home
	if home == "" {
		home = t.TempDir()
	}
	f := &Front{FrontMember: &FrontMember{
		daemon: daemon{Home: home, LogPath: cmp.Or(o.LogPath, filepath.Join(home, "output-"+ip+".log")), Program: Simulated(t), Args: o.Args}, Index: index, Name: o.Name,
	}, at: at}
	if f.Name == "" {
		f.Name = "front"
	}
	f.watched = watched{process: &f.daemon, t: t, expect: o.ExpectErrors, stopped: true}
	page, err := openPort(rpcPort, ip)
	if err != nil {
		t.Fatal(err)
	}
	rigs, err := openPort(rigPort, ip)
	if err != nil {
		t.Fatal(err)
	}
	f.URL, f.Stratum = fmt.Sprintf("http://%s:%d", ip, page), net.JoinHostPort(ip, strconv.Itoa(rigs))
	if err := f.makeKey(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.cleanup)
	return f
}

// Start runs the front, and waits until it serves rigs. The nodes are KEY@URL.
func (f *Front) Start(engine, payee string, nodes ...string) {
	f.t.Helper()
	f.Engine, f.Payee, f.FrontMember.Nodes = engine, payee, nodes
	f.Restart()
}

// Restart starts the front, which has ended, again, and waits until it serves rigs.
func (f *Front) Restart() {
	f.t.Helper()
	f.Launch()
	if err := f.ready(f.t.Context(), true); err != nil {
		f.t.Fatal(err)
	}
}

// Launch is Restart without the wait.
func (f *Front) Launch() {
	f.t.Helper()
	if err := f.start(f.at, true); err != nil {
		f.t.Fatal(err)
	}
	f.stopped = false
}

// FleetNode are the flags of a node with fronts and an engine: the one in its process, which listens
// on listen, or that of a URL, nats://.
func FleetNode(t testing.TB, engine string, fronts ...*Front) []string {
	t.Helper()
	args := []string{"--engine", engine}
	if !strings.Contains(engine, "://") {
		args = []string{"--engine", "embedded", "--engine.listen", engine}
	}
	for _, f := range fronts {
		args = append(args, "--fleet.fronts", f.Name+"="+f.Key)
	}
	return args
}

// FleetAddress is what a front is told of a node: its fleet's key and its RPC.
func (n *Node) FleetAddress() string {
	n.t.Helper()
	key, err := FleetKey(n.Home)
	if err != nil {
		n.t.Fatal(err)
	}
	return key + "@" + n.URL
}

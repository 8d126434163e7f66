//go:build unix

package stratum

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/fleet/natsengine"
	"github.com/bytom-solo/bytom-solo/fleet/outbox"
	"github.com/bytom-solo/bytom-solo/mining"
)

// farFrontConfig says where a farFront stands, and whose it is.
type farFrontConfig struct {
	// Home has its key, and its outbox.
	Home string
	// Node is the key of the node that it serves, Program what that one's work pays.
	Node    fleet.PublicKey
	Program []byte
	// URL is that of the engine; empty leaves the engine to who starts the front.
	URL string
	// Rigs is how many are to log in.
	Rigs int
}

// farNetwork is the one that farFronts are on.
const farNetwork = "solonet"

// farFront is a server of rigs without a chain, put together as package node does it.
type farFront struct {
	listener net.Listener
	outbox   *outbox.Outbox
	space    *mining.Extranonces
	server   *Server
	run      []func(context.Context) error
	verifier *compute.Verifier
	admitted chan struct{} // closed when the node has given it extranonces
}

// newFarFront opens a front, after change has had its say on its server.
func newFarFront(cfg farFrontConfig, engine fleet.Engine, backend compute.Backend, change func(*Config, *outbox.Outbox)) (*farFront, error) {
	key, err := fleet.OpenKey(filepath.Join(cfg.Home, "front.key"))
	if err != nil {
		return nil, err
	}
	f := &farFront{space: mining.NewExtranoncesIn(), verifier: compute.NewVerifier(backend), admitted: make(chan struct{})}
	if f.outbox, err = outbox.Open(outbox.Config{Path: filepath.Join(cfg.Home, "outbox.db"), Network: farNetwork}); err != nil {
		return nil, err
	}
	if f.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	nodes := []fleet.PublicKey{cfg.Node}
	feed := fleet.NewFeed(fleet.FeedConfig{Nodes: nodes, Program: cfg.Program})
	chain := fleet.NewChain(fleet.ChainConfig{
		Engine: engine, Key: key, Network: farNetwork, Feed: feed, Nodes: nodes,
	})
	sender := outbox.NewSender(outbox.SenderConfig{Outbox: f.outbox, Engine: engine, Key: key, Network: farNetwork, Node: cfg.Node})
	var once sync.Once
	link := fleet.NewLink(fleet.LinkConfig{
		Engine: engine, Key: key, Network: farNetwork, Name: "far", Epoch: f.outbox.Epoch(), Nodes: nodes, Feed: feed, Chain: chain, Acks: sender,
		Ranges: func(r uint16) { f.space.Extend(r); once.Do(func() { close(f.admitted) }) }, Left: f.space.Left,
	})
	handouts := mining.OpenHandouts(mining.HandoutsConfig{Path: filepath.Join(cfg.Home, "handouts.jsonl"), Network: farNetwork, Source: chain})
	server := Config{
		Handouts: handouts, Listener: f.listener, Templates: feed, Extranonces: f.space, Hash: f.verifier.Hash, Workers: 1, StartDifficulty: 1, Book: f.outbox,
		Submitter: mining.NewSubmitter(mining.SubmitterConfig{Sink: chain, Source: chain, Verifier: f.verifier, Now: feed.Now}),
	}
	change(&server, f.outbox)
	f.server = NewServer(server)
	f.run = []func(context.Context) error{f.outbox.Run, feed.Run, sender.Run, link.Run, handouts.Run}
	return f, nil
}

// start runs the front, and returns when rigs can come. stop ends it.
func (f *farFront) start(ctx context.Context) (stop func() error, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, run := range f.run {
		running.Go(func() { _ = run(ctx) })
	}
	stop = func() error {
		cancel()
		running.Wait()
		f.verifier.Close()
		return f.outbox.Close()
	}
	select {
	case <-f.admitted:
	case <-time.After(time.Minute):
		return stop, errors.New("no node has let the front in within a minute")
	}
	running.Go(func() { _ = f.server.Run(ctx) })
	return stop, nil
}

// frontVariable is set where this program is to be a front: to a farFrontConfig in JSON.
const frontVariable = "BYTOM_SOLO_TEST_FRONT"

// runFrontProcess is a front until in ends. It writes its port, and from then on a line each time
// its rigs have all been written a job: when that was, in Unix nanoseconds, and what of the
// processors it has had. Each line that it reads begins a new count.
func runFrontProcess(text string, in io.Reader, out io.Writer) error {
	var cfg farFrontConfig
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return err
	}
	if err := allowFiles(cfg.Rigs + spareFiles); err != nil {
		return err
	}
	engine, err := natsengine.Dial(natsengine.Config{URL: cfg.URL, Name: "front"})
	if err != nil {
		return err
	}
	defer engine.Close()
	var written atomic.Int64
	f, err := newFarFront(cfg, engine, &fakeBackend{}, func(s *Config, _ *outbox.Outbox) {
		s.Gap, s.MaxSessions = time.Microsecond, cfg.Rigs
		s.Observe = func(stage mining.Stage, _ time.Duration) {
			if stage == StageJob && written.Add(1) == int64(cfg.Rigs) {
				at := time.Now().UnixNano()
				var u syscall.Rusage
				_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
				_, _ = fmt.Fprintln(out, at, u.Utime.Nano()+u.Stime.Nano())
			}
		}
	})
	if err != nil {
		return err
	}
	stop, err := f.start(context.Background())
	if err != nil {
		return errors.Join(err, stop())
	}
	_, _ = fmt.Fprintln(out, f.listener.Addr().(*net.TCPAddr).Port)
	for lines := bufio.NewScanner(in); lines.Scan(); {
		written.Store(0)
		_, _ = fmt.Fprintln(out, "done")
	}
	return stop()
}

// numbers reads a line of numbers that a process writes without being asked.
func (c child) numbers(into ...any) {
	c.t.Helper()
	line, err := c.out.ReadString('\n')
	if err == nil {
		_, err = fmt.Sscan(line, into...)
	}
	if err != nil {
		_ = c.in.Close()
		c.t.Fatalf("%s: %q %v", os.Args[0], line, err)
	}
}

package node

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/mining"
	"github.com/bytom-solo/bytom-solo/node/chain"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// watchdogTest is how long the watchdog of tests waits for a sign of life.
const watchdogTest = 4 * time.Second

// TestWatchdogKnowsWhatHangs runs nodes in processes of their own, for which nothing happens:
// no peer, no rig, no tip. Each goes on giving signs of life, until one of its loops is held;
// then a service manager would end it. Where the loop goes on, so do they.
func TestWatchdogKnowsWhatHangs(t *testing.T) {
	for name, hold := range map[string]func(*testing.T, *serviceNode){
		"nothing":   nil,
		"full disk": holdByFullDisk,
		"blocks":    holdBlocks,
		"templates": holdTemplates,
		"RPC":       holdRPC,
		"rigs":      holdRigs,
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			if !inOwnProcess(t) {
				checkWatchdog(t, hold, name == "full disk")
			}
		})
	}
}

// checkWatchdog runs a node, and has a part of it held for a while; excused says that it is
// to go on giving signs of life all the same.
func checkWatchdog(t *testing.T, hold func(*testing.T, *serviceNode), excused bool) {
	manager := newServiceManager(t)
	n := newServiceNode(t)
	if hold != nil {
		hold(t, n)
	}
	n.run(t)
	manager.await(t, "READY=1", time.Minute)
	manager.await(t, "WATCHDOG=1", watchdogTest)
	close(n.begin)
	if n.held != nil {
		select {
		case <-n.held:
		case <-time.After(time.Minute):
			t.Fatal("nothing is held")
		}
	}
	from := time.Now()
	time.Sleep(2 * watchdogTest)
	signs := manager.times("WATCHDOG=1", from)
	if hold == nil || excused {
		last := from
		for _, at := range append(signs, time.Now()) {
			if at.Sub(last) > watchdogTest {
				t.Errorf("no sign of life for %v, and nothing hangs", at.Sub(last))
			}
			last = at
		}
	} else if len(signs) > 0 && signs[len(signs)-1].Sub(from) > watchdogTest {
		t.Errorf("a sign of life %v after it hangs", signs[len(signs)-1].Sub(from))
	}
	n.release()
	manager.awaitAfter(t, "WATCHDOG=1", time.Now(), watchdogTest)
}

// serviceNode is a node in this process, which a test may have held.
type serviceNode struct {
	*Node
	begin chan struct{} // closed when it is to be held
	held  chan struct{} // closed when it is
	stuck chan struct{} // closed when it is to go on
	once  sync.Once
}

// newServiceNode opens a node without peers and payouts, which has templates and a port for rigs.
func newServiceNode(t *testing.T) *serviceNode {
	t.Helper()
	config := soloConfig(home(t))
	config.Bytom.DBBackend, config.Bytom.Wallet.Disable = "memdb", true
	config.Mining.Address, config.Mining.AllowUnsynced = "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7", true
	config.Stratum.Listen = "127.0.0.1:0"
	opened, err := openWholeNode(t, config)
	if err != nil {
		t.Fatalf("%v\n%s", err, opened.log)
	}
	return &serviceNode{Node: opened.Node, begin: make(chan struct{}), held: nil, stuck: make(chan struct{})}
}

// run runs the node until the test's end.
func (n *serviceNode) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		n.release()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// hang holds whoever calls it, from when it is to begin.
func (n *serviceNode) hang() {
	select {
	case <-n.begin:
	default:
		return
	}
	select {
	case <-n.stuck:
	default:
		n.once.Do(func() { close(n.held) })
		<-n.stuck
	}
}

func (n *serviceNode) release() {
	select {
	case <-n.stuck:
	default:
		close(n.stuck)
	}
}

// holdBlocks has the first block hang on its way into the chain.
func holdBlocks(t *testing.T, n *serviceNode) {
	n.held = make(chan struct{})
	n.gate = chain.NewGate(n.bytom.chain, n.verifier, n.hang, n.log)
	go func() {
		<-n.begin
		template, err := n.generator.Current()
		if err != nil {
			t.Error(err)
			return
		}
		job := mining.NewJob(template, 1)
		for nonce := uint64(0); ; nonce++ {
			result, err := n.verifier.Hash(t.Context(), job.HeaderHash(template.Timestamp, nonce), template.Tip.Seed.Byte32())
			if err != nil || !template.Target.Met(result) {
				continue
			}
			block, err := job.Block(template.Timestamp, nonce)
			if err == nil {
				_, err = n.gate.Process(t.Context(), block)
			}
			if err != nil {
				t.Error(err)
			}
			return
		}
	}()
}

// holdTemplates has the builder of templates wait for whom to pay.
func holdTemplates(_ *testing.T, n *serviceNode) {
	n.held = make(chan struct{})
	go func() {
		<-n.begin
		n.payees.mu.Lock()
		defer n.payees.mu.Unlock()
		n.generator.Force()
		n.hang()
	}()
}

// holdRPC has the loop that accepts calls hang with the next.
func holdRPC(t *testing.T, n *serviceNode) {
	n.held = make(chan struct{})
	n.server.ConnState = func(net.Conn, http.ConnState) { n.hang() }
	go func() {
		<-n.begin
		dial(t, n.service.acceptLoops()[1])
	}()
}

// holdRigs has the loop that accepts rigs hang with the next.
func holdRigs(t *testing.T, n *serviceNode) {
	n.held = make(chan struct{})
	loop := n.service.acceptLoops()[0]
	loop.Listener = hangingListener{loop.Listener, n.hang}
	go func() {
		<-n.begin
		dial(t, loop)
	}()
}

func dial(t *testing.T, l net.Listener) {
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(func() { conn.Close() })
}

// hangingListener has connections that hang who asks where they come from.
type hangingListener struct {
	net.Listener
	hang func()
}

func (l hangingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return hangingConn{conn, l.hang}, err
}

type hangingConn struct {
	net.Conn
	hang func()
}

func (c hangingConn) RemoteAddr() net.Addr { c.hang(); return c.Conn.RemoteAddr() }

// holdByFullDisk has a write wait for room, and the chain for the write.
func holdByFullDisk(t *testing.T, n *serviceNode) {
	holdBlocks(t, n)
	go func() {
		<-n.begin
		_ = n.disk.write(func() error {
			select {
			case <-n.stuck:
				return nil
			default:
				return syscall.ENOSPC
			}
		})
	}()
}

// serviceManager takes what a node tells the service manager that started it.
type serviceManager struct {
	mu    sync.Mutex
	lines []toldLine
}

type toldLine struct {
	text string
	at   time.Time
}

// newServiceManager listens as systemd does, and sets the environment as it does.
func newServiceManager(t *testing.T) *serviceManager {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // A socket's path is short.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unixgram"})
	if err != nil {
		t.Skipf("no sockets as a service manager has them: %v", err)
	}
	t.Cleanup(func() { socket.Close() })
	m := &serviceManager{}
	go func() {
		buffer := make([]byte, 4096)
		for {
			read, err := socket.Read(buffer)
			if err != nil {
				return
			}
			m.mu.Lock()
			for line := range strings.Lines(string(buffer[:read])) {
				m.lines = append(m.lines, toldLine{strings.TrimSuffix(line, "\n"), time.Now()})
			}
			m.mu.Unlock()
		}
	}()
	t.Setenv("NOTIFY_SOCKET", socket.LocalAddr().String())
	t.Setenv("WATCHDOG_USEC", fmt.Sprint(watchdogTest.Microseconds()))
	t.Setenv("WATCHDOG_PID", fmt.Sprint(os.Getpid()))
	return m
}

// times are when a line came, from a time on.
func (m *serviceManager) times(line string, from time.Time) (list []time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.lines {
		if l.text == line && !l.at.Before(from) {
			list = append(list, l.at)
		}
	}
	return list
}

// await waits for a line.
func (m *serviceManager) await(t *testing.T, line string, most time.Duration) {
	t.Helper()
	m.awaitAfter(t, line, time.Time{}, most)
}

// awaitAfter waits for a line that comes after a time.
func (m *serviceManager) awaitAfter(t *testing.T, line string, from time.Time, most time.Duration) {
	t.Helper()
	testnet.Wait(t, most, func() error {
		if len(m.times(line, from)) == 0 {
			m.mu.Lock()
			defer m.mu.Unlock()
			return fmt.Errorf("%q was not said; these were: %v", line, m.lines)
		}
		return nil
	})
}

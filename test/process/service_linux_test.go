package process_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestServiceManagerIsTold runs a node as systemd runs a service of Type=notify: it is told
// that the node starts, is up when both its ports are served, what it does, that it reads
// its files again, that it lives and that it stops.
func TestServiceManagerIsTold(t *testing.T) {
	m := newManager(t)
	const watchdog = 2 * time.Second
	t.Setenv("WATCHDOG_USEC", fmt.Sprint(watchdog.Microseconds()))
	rigs := fmt.Sprint("127.0.0.1:", testnet.FreePort(t, "127.0.0.1"))
	api := fmt.Sprint("127.0.0.1:", testnet.FreePort(t, "127.0.0.1"))
	n := startDetached(t, harness.SolonetArgs(t.TempDir(), append(harness.MineSlowly(), "--api_addr", api, "--stratum.listen", rigs)...)...)
	m.await(t, `^EXTEND_TIMEOUT_USEC=30000000\nSTATUS=starting, for `)
	up := m.await(t, `^READY=1\nSTATUS=height=\d+ peers=0 `)
	if conn, err := net.Dial("tcp", rigs); err != nil {
		t.Errorf("ready without a port for rigs: %v", err)
	} else {
		conn.Close()
	}
	if resp, err := http.Get("http://" + api + "/mining/api/v1/status"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("ready without an RPC: %v, %v", resp, err)
	} else {
		resp.Body.Close()
	}
	c := n.Client()
	harness.WaitGrowth(t, c, 2)
	first := status(t, m.await(t, `^STATUS=height=\d+ peers=0 .*payee=sm1q`))
	harness.WaitGrowth(t, c, 2)
	testnet.Wait(t, time.Minute, func() error {
		if now := status(t, m.latest(`^STATUS=height=`)); now <= first {
			return fmt.Errorf("the status has height %d, had %d", now, first)
		}
		return nil
	})

	n.Signal(syscall.SIGHUP)
	again := m.await(t, `^RELOADING=1\nMONOTONIC_USEC=\d+$`)
	if ready := m.await(t, `^READY=1$`); ready.at.Before(again.at) || ready.at.Before(up.at) {
		t.Error("ready again before it was told why")
	}
	m.await(t, `^WATCHDOG=1$`)
	lived := m.count(`^WATCHDOG=1$`)
	time.Sleep(2 * watchdog)
	if more := m.count(`^WATCHDOG=1$`) - lived; more < 4 {
		t.Errorf("%d signs of life in twice the watchdog's time", more)
	}

	start := time.Now()
	n.Signal(syscall.SIGTERM)
	m.await(t, `^STOPPING=1\n`)
	if code := n.End(); code != 0 || time.Since(start) > 5*time.Second {
		t.Errorf("exit code %d after %v", code, time.Since(start))
	}
	if late := m.latest(`.`); !strings.HasPrefix(late.text, "STOPPING=1") && late.text != "WATCHDOG=1" {
		t.Errorf("the last that it said: %q", late.text)
	}
}

// TestServiceWithoutItsPortIsNeverReady starts a node whose port for rigs is taken.
func TestServiceWithoutItsPortIsNeverReady(t *testing.T) {
	m := newManager(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, flag := range []string{"--stratum.listen", "--api_addr"} {
		n := startDetached(t, harness.SolonetArgs(t.TempDir(), "--mining", flag, taken.Addr().String())...)
		if code := n.End(); code != 1 {
			t.Errorf("%s: exit code %d", flag, code)
		}
	}
	if m.count(`^EXTEND_TIMEOUT_USEC=`) == 0 || m.count(`READY`) > 0 {
		t.Errorf("it said %v", m.all())
	}
}

var statusHeight = regexp.MustCompile(`height=(\d+)`)

// status is the height that a status line has.
func status(t *testing.T, said message) int {
	t.Helper()
	found := statusHeight.FindStringSubmatch(said.text)
	if found == nil {
		return 0
	}
	height, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return height
}

// manager is a service manager, as far as a service sees it.
type manager struct {
	mu   sync.Mutex
	said []message
}

type message struct {
	text string
	at   time.Time
}

func newManager(t *testing.T) *manager {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // The path of a socket has to be short.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	t.Setenv("NOTIFY_SOCKET", socket.LocalAddr().String())
	m := &manager{}
	go func() {
		buffer := make([]byte, 4096)
		for {
			read, err := socket.Read(buffer)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.said = append(m.said, message{string(buffer[:read]), time.Now()})
			m.mu.Unlock()
		}
	}()
	return m
}

func (m *manager) all() []message {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]message{}, m.said...)
}

// latest is the last message like a pattern, or none.
func (m *manager) latest(pattern string) (last message) {
	like := regexp.MustCompile(pattern)
	for _, said := range m.all() {
		if like.MatchString(said.text) {
			last = said
		}
	}
	return last
}

func (m *manager) count(pattern string) (n int) {
	like := regexp.MustCompile(pattern)
	for _, said := range m.all() {
		if like.MatchString(said.text) {
			n++
		}
	}
	return n
}

// await waits for a message like a pattern, and gives the last.
func (m *manager) await(t *testing.T, pattern string) message {
	t.Helper()
	testnet.Wait(t, time.Minute, func() error {
		if m.count(pattern) == 0 {
			return fmt.Errorf("nothing like %q in %v", pattern, m.all())
		}
		return nil
	})
	return m.latest(pattern)
}

package rigs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/compute/vulkan"
	"github.com/bytom-solo/bytom-solo/rig"
	"github.com/bytom-solo/bytom-solo/stratum/wire"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// runningRig is the program as a rig.
type runningRig struct {
	t   *testing.T
	cmd *exec.Cmd
	log bytes.Buffer // when it has ended
}

func startRig(t *testing.T, args ...string) *runningRig {
	t.Helper()
	r := &runningRig{t: t, cmd: exec.Command(testnet.Solo(t), append([]string{"rig"}, args...)...)}
	r.cmd.Stdout, r.cmd.Stderr = &r.log, &r.log
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return r
}

// stop ends the rig as a service manager does, and returns what it printed.
func (r *runningRig) stop() string {
	r.t.Helper()
	start := time.Now()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Error(err)
	}
	if err := r.cmd.Wait(); err != nil {
		r.t.Errorf("told to stop, the rig ended with %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		r.t.Errorf("the rig took %v to stop", took)
	}
	return r.log.String()
}

// kill ends the rig as a power cut does.
func (r *runningRig) kill() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// TestRigMines has rigs as processes mine for our node by both ways, and for a stock
// node.
func TestRigMines(t *testing.T) {
	t.Parallel() // It mostly waits.
	r := harness.NewSolver(t)
	for _, test := range []struct {
		flag  string
		stock bool
	}{{"--getwork", false}, {"--gbt", false}, {"--getwork", true}} {
		if test.flag == "--getwork" && !test.stock && !computetest.Long() {
			continue // The stock node's is the harder one.
		}
		t.Run(fmt.Sprintf("%s stock=%v", test.flag, test.stock), func(t *testing.T) {
			n := testnet.Start(t, testnet.NodeOptions{Stock: test.stock})
			address := harness.MakeAccount(t, n)
			args := []string{test.flag, n.URL, "--threads", "1"}
			if test.flag == "--gbt" {
				args = append(args, "--payee", address)
			}
			if test.stock {
				// It gives work that it refuses itself, of a second block in the second of the first.
				r.Mine(n, 1)
				time.Sleep(time.Second)
			}
			running := startRig(t, args...)
			n.WaitHeight(3, r.Limit(3))
			log := running.stop()
			for _, line := range []string{"msg=mining", "the node gives work", "block accepted", "msg=stopped"} {
				if !strings.Contains(log, line) {
					t.Errorf("the rig's log does not say %q:\n%s", line, log)
				}
			}
			for line := range strings.Lines(log) {
				// A stock node may be at the proof of the next block for longer than a rig waits
				// that is to stop.
				rejected := strings.Contains(line, "solution rejected") && !strings.Contains(line, "outcome=unanswered")
				if rejected || strings.Contains(line, "level=ERROR") {
					t.Errorf("the rig's log:\n%s", log)
				}
			}
		})
	}
}

// TestRigMinesByStratum has a rig as a process mine for our node, kills each of them as
// a power cut does, and sees that the other goes on by itself.
func TestRigMinesByStratum(t *testing.T) {
	t.Parallel() // It mostly waits.
	r := harness.NewSolver(t)
	rounds := 1
	if computetest.Long() {
		rounds = 20
	}
	front := harness.RigAddress(t)
	options := testnet.NodeOptions{Args: []string{"--stratum.listen", front}}
	n := testnet.Start(t, options)
	options.Home = n.Home
	harness.MakeAccount(t, n)
	api := harness.RigAddress(t)
	start := func() *runningRig {
		return startRig(t, "-o", "stratum+tcp://"+front, "-u", "sm1qrig.one", "--threads", "1", "--api", api, "--quiet=false")
	}
	running := start()
	more := func() {
		t.Helper()
		height, err := n.Height()
		if err != nil {
			t.Fatal(err)
		}
		n.WaitHeight(height+1, r.Limit(2))
	}
	more()
	for range rounds {
		n.Kill()
		n = testnet.Start(t, options)
		more()
		running.kill()
		running = start()
		more()
	}
	var s rig.Status
	testnet.Wait(t, r.Limit(1), func() error {
		resp, err := http.Get("http://" + api + "/")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		s = rig.Status{}
		err = json.NewDecoder(resp.Body).Decode(&s)
		if err == nil && (s.Source.Server != "stratum+tcp://"+front || s.Hashrate.Ten <= 0 || s.Blocks == 0) {
			err = fmt.Errorf("status %+v", s)
		}
		return err
	})
	log := running.stop()
	for _, line := range []string{"msg=mining", "msg=connected", "new work", "block accepted", "msg=stopped"} {
		if !strings.Contains(log, line) {
			t.Errorf("the rig's log does not say %q:\n%s", line, log)
		}
	}
	// A second block on the same tip is stale, and may happen.
	for _, line := range []string{"level=ERROR", "outcome=low", "outcome=duplicate", "outcome=rejected"} {
		if strings.Contains(log, line) {
			t.Errorf("the rig's log says %q:\n%s", line, log)
		}
	}
	t.Logf("the last rig's shares: %+v", s.Shares)
}

// TestRigMinesOnACard has a rig mine for our node on the first device of Vulkan, whose
// finds the CPU checks before they go out.
func TestRigMinesOnACard(t *testing.T) {
	if !computetest.Long() {
		t.Skip("minutes on a driver that computes on the CPU; BYTOM_SOLO_LONG=1 does it")
	}
	devices, err := vulkan.Devices()
	if err == nil && len(devices) == 0 {
		err = errors.New("there are drivers, and no devices")
	}
	if err != nil {
		computetest.Require(t, "vulkan", err.Error())
	}
	front := harness.RigAddress(t)
	n := testnet.Start(t, testnet.NodeOptions{Args: []string{"--stratum.listen", front}})
	harness.MakeAccount(t, n)
	running := startRig(t, "-o", front, "-u", "sm1qrig.card", "-d", devices[0].Name, "--quiet=false")
	n.WaitHeight(2, 15*time.Minute)
	log := running.stop()
	if !strings.Contains(log, "device="+devices[0].Name) || strings.Contains(log, "level=ERROR") || strings.Contains(log, "outcome=low") {
		t.Errorf("the rig's log:\n%s", log)
	}
}

// The exit codes of 'bytom-solo rig', as its help has them.
const (
	exitUsage   = 2
	exitRefused = 3
	exitDevices = 4
)

// TestRigRefusesFlags has command lines that can't mine, and the exit codes that say
// why.
func TestRigRefusesFlags(t *testing.T) {
	refuses, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer refuses.Close()
	go refuseLogins(refuses)
	page := httptest.NewServer(http.NotFoundHandler())
	defer page.Close()
	on := []string{"-o", "localhost:1", "-u", "a.b"}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, "--getwork"},
		{[]string{"--x"}, exitUsage, "--x"},
		{[]string{"x"}, exitUsage, "x"},
		{[]string{"--getwork", "http://x", "--gbt", "http://y"}, exitUsage, "getwork"},
		{[]string{"--getwork", "http://x", "--payee", "y"}, exitUsage, "payee"},
		{[]string{"--getwork", "localhost"}, exitUsage, "http://host:port"},
		{[]string{"--getwork", "http://x", "--threads", "-1"}, exitUsage, "--threads"},
		{[]string{"--getwork", "http://x", "-d", "toaster"}, exitDevices, "toaster"},
		{[]string{"-o", "localhost"}, exitUsage, "stratum+tcp://host:port"},
		{[]string{"-o", "localhost:1"}, exitUsage, "-u"},
		{append(on, "-u", "c.d", "-u", "e.f"), exitUsage, "3 values"},
		{append(on, "--nonce-order", "middle"), exitUsage, "middle"},
		{append(on, "--tls-ca", "/nowhere"), exitUsage, "/nowhere"},
		{append(on, "--tls-ca", "rig_test.go"), exitUsage, "PEM"},
		{append(on, "--api", "nowhere"), exitUsage, "nowhere"},
		{append(on, "--return", "0s"), exitUsage, "--return"},
		{[]string{"-o", refuses.Addr().String(), "-u", "a.b"}, exitRefused, "Unauthorized"},
		{[]string{"-o", page.Listener.Addr().String(), "-u", "a.b"}, exitRefused, "--getwork"},
		{[]string{"-o", "stratum+ssl://" + page.Listener.Addr().String(), "-u", "a.b"}, exitRefused, "stratum+tcp://"},
		{[]string{"--getwork", page.URL}, exitRefused, "no such route"},
		{[]string{"--gbt", page.URL}, exitRefused, "takes a bytom-solo node"},
		{[]string{"--getwork", "http://" + refuses.Addr().String()}, exitRefused, "is for -o"},
	} {
		out, err := harness.Execute(t, testnet.Solo(t), append([]string{"rig"}, test.args...)...)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != test.code || !strings.Contains(out, test.want) {
			t.Errorf("rig %v: %v, expected status %d and an error about %s:\n%s", test.args, err, test.code, test.want, out)
		}
	}
}

// refuseLogins answers each login with a refusal.
func refuseLogins(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if _, err := wire.NewReader(conn).ReadLine(); err == nil {
			_, _ = io.WriteString(conn, `{"id":1,"result":null,"error":{"code":24,"message":"Unauthorized worker"}}`+"\n")
		}
		_ = conn.Close()
	}
}

// TestRigOfAStockNode is refused: that one has no templates.
func TestRigOfAStockNode(t *testing.T) {
	n := testnet.Start(t, testnet.NodeOptions{Stock: true})
	out, err := harness.Execute(t, testnet.Solo(t), "rig", "--gbt", n.URL)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitRefused || !strings.Contains(out, "/get-block-template") {
		t.Errorf("%v, expected status %d:\n%s", err, exitRefused, out)
	}
}

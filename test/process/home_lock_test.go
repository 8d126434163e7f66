package process_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/bytom-solo/bytom-solo/fleet"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestAHomeIsOneProcess starts a second process on a home that a node, or a front, runs on: it ends with
// the first one's number, before it has touched anything. After a kill -9 the file LOCK lies there, and a
// start takes it.
func TestAHomeIsOneProcess(t *testing.T) {
	home := t.TempDir()
	program := testnet.Simulated(t)
	commands := map[string][]string{
		"node":  {"--api_addr", "127.0.0.1:0", "--p2p.laddr", "tcp://127.0.0.1:0", "--p2p.lan_discoverable=false", "--wallet.disable", "--web.closed"},
		"front": {"--name", "f", "--engine", "nats://127.0.0.1:1", "--node", fleet.NewKey().Public().String() + "@http://127.0.0.1:1", "--mining.address", owner, "--api_addr", "127.0.0.1:0", "--stratum.listen", "127.0.0.1:0"},
	}
	for name, args := range commands {
		t.Run(name, func(t *testing.T) {
			args := append([]string{name, "--chain_id", "solonet", "--home", filepath.Join(home, name)}, args...)
			start := func() *harness.Program {
				p := harness.Start(t, program, args...)
				p.Await("node is up|front starts")
				return p
			}
			first := start()
			second := harness.Start(t, program, args...)
			holder := fmt.Sprintf("process %d (bytom-solo", first.PID())
			if runtime.GOOS != "linux" {
				holder = "another process"
			}
			if code, text := second.End(), second.Text(); code != 1 || !strings.Contains(text, holder) || !strings.Contains(text, "give another --home") {
				t.Errorf("the second ends with %d, expected 1 and %q: %s", code, holder, text)
			}
			first.Signal(syscall.SIGKILL)
			first.End()
			third := start()
			third.Signal(syscall.SIGTERM)
			if code := third.End(); code != 0 {
				t.Errorf("the third ends with %d: %s", code, third.Text())
			}
		})
	}
}

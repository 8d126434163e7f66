//go:build linux || darwin

package process_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestTheLogsReaderEnds ends what reads the log of a node and of a rig, as Ctrl-C ends
// `tee`: they mine on, and stop cleanly on SIGTERM.
func TestTheLogsReaderEnds(t *testing.T) {
	n := harness.Start(t, testnet.Solo(t), harness.SolonetArgs(t.TempDir(), append(harness.MineSlowly(), "--log_level", "debug")...)...)
	c := n.Client()
	n.Log.Close()
	harness.WaitGrowth(t, c, 2)
	if err := c.Call(t.Context(), "/set-mining", map[string]bool{"is_mining": false}, nil); err != nil {
		t.Fatal(err)
	}
	r := harness.Start(t, testnet.Solo(t), "rig", "--getwork", c.URL)
	r.Await("the node gives work")
	r.Log.Close()
	harness.WaitGrowth(t, c, 3)
	for _, p := range []*harness.Program{r, n} {
		p.Signal(syscall.SIGTERM)
		if code := p.End(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}

// TestAReaderOfResultsEndsTheCommand has `head` for a reader, which is gone.
func TestAReaderOfResultsEndsTheCommand(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	cmd := exec.CommandContext(t.Context(), testnet.Solo(t), "node", "--help")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &said
	err = cmd.Run()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || status.Signal() != syscall.SIGPIPE || said.Len() > 0 {
		t.Errorf("%v, and it said %q", err, said.String())
	}
}

// TestInterruptedAtTheStart stops nodes at moments of their start: none is an error.
func TestInterruptedAtTheStart(t *testing.T) {
	home := t.TempDir()
	took := func() time.Duration {
		start := time.Now()
		n := harness.Start(t, testnet.Solo(t), harness.SolonetArgs(home, harness.MineSlowly()...)...)
		n.Client()
		took := time.Since(start)
		n.Signal(os.Interrupt)
		if code := n.End(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		n.CheckQuiet()
		return took
	}()
	const moments = 12
	for i := range moments {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			n := harness.Start(t, testnet.Solo(t), harness.SolonetArgs(home, harness.MineSlowly()...)...)
			time.Sleep(took * time.Duration(i) / moments) // A moment, not a wait.
			n.Signal([]os.Signal{os.Interrupt, syscall.SIGTERM}[i%2])
			// Before our first line runs, which may take a while, the signal itself ends it.
			if code := n.End(); code != 0 && (code != -1 || n.Text() != "") {
				t.Errorf("exit code %d", code)
			}
			n.CheckQuiet()
		})
	}
}

//go:build linux || darwin

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// program is a command of ours as a real process, whose log goes to a pipe.
type program struct {
	t     *testing.T
	cmd   *exec.Cmd
	log   *os.File // the reader's end of the pipe
	ended chan error

	mu   sync.Mutex
	said bytes.Buffer
}

// solonetArgs are those of a node on ports that are free, in a home of its own.
func solonetArgs(home string, more ...string) []string {
	return append([]string{"node", "--home", home, "--chain_id", "solonet", "--web.closed", "--p2p.skip_upnp",
		"--p2p.lan_discoverable=false", "--p2p.laddr", "tcp://127.0.0.1:0", "--api_addr", "127.0.0.1:0"}, more...)
}

// startProgram starts a process, reads its log, and kills it if it is there at the end.
func startProgram(t *testing.T, name string, args ...string) *program {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, cmd: exec.Command(name, args...), log: r, ended: make(chan error, 1)}
	p.cmd.Stderr = w
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	go func() {
		_, _ = io.Copy(p, r)
		p.ended <- p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		r.Close()
		if t.Failed() {
			t.Logf("%s:\n%s", strings.Join(p.cmd.Args, " "), p.text())
		}
	})
	return p
}

// Write takes what the process says.
func (p *program) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(text)
}

func (p *program) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// awaits waits for what a pattern matches in the log, and gives its first group, or all.
func (p *program) awaits(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	found := ""
	testnet.Wait(p.t, time.Minute, func() error {
		m := re.FindStringSubmatch(p.text())
		if m == nil {
			return fmt.Errorf("the log has nothing like %q", pattern)
		}
		found = m[len(m)-1]
		return nil
	})
	return found
}

func (p *program) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Error(err)
	}
}

// ends waits for the end of the process, and gives its exit code; -1 is a signal's doing.
func (p *program) ends() int {
	p.t.Helper()
	select {
	case err := <-p.ended:
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			p.t.Fatal(err)
		}
	case <-time.After(time.Minute):
		p.t.Fatal("it runs on")
	}
	return p.cmd.ProcessState.ExitCode()
}

// isQuiet holds a log to nothing that an operator should care about.
func (p *program) isQuiet() {
	p.t.Helper()
	for line := range strings.Lines(p.text()) {
		if !strings.Contains(line, "level=INFO") && !strings.Contains(line, "the clock is") {
			p.t.Errorf("it said: %s", line)
		}
	}
}

// client calls the node.
func (p *program) client() testnet.Client {
	p.t.Helper()
	return testnet.Client{URL: p.awaits(`msg="node is up".* rpc=(\S+)`)}
}

// waitGrowth waits until a node has so many blocks more.
func waitGrowth(t *testing.T, c testnet.Client, blocks uint64) {
	t.Helper()
	from, err := c.Height(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	testnet.Wait(t, 2*time.Minute, func() error {
		h, err := c.Height(t.Context())
		if err == nil && h < from+blocks {
			err = fmt.Errorf("at height %d, expected %d", h, from+blocks)
		}
		return err
	})
}

// TestTheLogsReaderEnds ends what reads the log of a node and of a rig, as Ctrl-C ends
// `tee`: they mine on, and stop cleanly when they are told to.
func TestTheLogsReaderEnds(t *testing.T) {
	n := startProgram(t, testnet.Solo(t), solonetArgs(t.TempDir(), "--mining", "--log_level", "debug")...)
	c := n.client()
	n.log.Close()
	waitGrowth(t, c, 2)
	if err := c.Call(t.Context(), "/set-mining", map[string]bool{"is_mining": false}, nil); err != nil {
		t.Fatal(err)
	}
	r := startProgram(t, testnet.Solo(t), "rig", "--getwork", c.URL)
	r.awaits("the node gives work")
	r.log.Close()
	waitGrowth(t, c, 3)
	for _, p := range []*program{r, n} {
		p.signal(syscall.SIGTERM)
		if code := p.ends(); code != 0 {
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
		n := startProgram(t, testnet.Solo(t), solonetArgs(home, "--mining")...)
		n.client()
		took := time.Since(start)
		n.signal(os.Interrupt)
		if code := n.ends(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		n.isQuiet()
		return took
	}()
	const moments = 12
	for i := range moments {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			n := startProgram(t, testnet.Solo(t), solonetArgs(home, "--mining")...)
			time.Sleep(took * time.Duration(i) / moments) // A moment, not a wait.
			n.signal([]os.Signal{os.Interrupt, syscall.SIGTERM}[i%2])
			// Before our first line runs, the signal itself ends it.
			if code := n.ends(); code != 0 && (code != -1 || i > 1) {
				t.Errorf("exit code %d", code)
			}
			n.isQuiet()
		})
	}
}

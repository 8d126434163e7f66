package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// Execute runs a program that ends by itself, and returns what it printed.
func Execute(t testing.TB, program string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	return string(out), err
}

// Program is a command of ours as a real process, whose log goes to a pipe.
type Program struct {
	// Log is the reader's end of the pipe.
	Log *os.File

	t     testing.TB
	cmd   *exec.Cmd
	ended chan error

	mu   sync.Mutex
	said bytes.Buffer
}

// SolonetArgs are those of a node on ports that are free, in a home of its own.
func SolonetArgs(home string, more ...string) []string {
	return append([]string{"node", "--home", home, "--chain_id", "solonet", "--web.closed", "--p2p.skip_upnp",
		"--p2p.lan_discoverable=false", "--p2p.laddr", "tcp://127.0.0.1:0", "--api_addr", "127.0.0.1:0"}, more...)
}

// MineSlowly are flags with which a node mines beside what a test is about: a block in a second
// or so, which leaves the cores to other tests.
func MineSlowly() []string {
	return []string{"--mining", "--mining.threads", "1", "--mining.cpu-percent", "40"}
}

// Start starts a process and reads its log; the test's end kills it.
func Start(t testing.TB, name string, args ...string) *Program {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &Program{t: t, cmd: exec.Command(name, args...), Log: r, ended: make(chan error, 1)}
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
			t.Logf("%s:\n%s", strings.Join(p.cmd.Args, " "), p.Text())
		}
	})
	return p
}

// Write takes what the process says.
func (p *Program) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(text)
}

// Text is what the process has logged so far.
func (p *Program) Text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// PID is the process's.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Await waits for what a pattern matches in the log, and gives its first group, or all.
func (p *Program) Await(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	found := ""
	testnet.Wait(p.t, time.Minute, func() error {
		m := re.FindStringSubmatch(p.Text())
		if m == nil {
			return fmt.Errorf("the log has nothing like %q", pattern)
		}
		found = m[len(m)-1]
		return nil
	})
	return found
}

// Signal sends the process a signal.
func (p *Program) Signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Error(err)
	}
}

// Ended reports whether the process has ended. End may be called all the same.
func (p *Program) Ended() bool {
	select {
	case err := <-p.ended:
		p.ended <- err
		return true
	default:
		return false
	}
}

// End waits for the end of the process, and gives its exit code; -1 is a signal's doing.
func (p *Program) End() int {
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

// CheckQuiet holds a log to nothing that an operator should care about.
func (p *Program) CheckQuiet() {
	p.t.Helper()
	for line := range strings.Lines(p.Text()) {
		if !strings.Contains(line, "level=INFO") && !strings.Contains(line, "the clock is") {
			p.t.Errorf("it said: %s", line)
		}
	}
}

// Client calls the node.
func (p *Program) Client() testnet.Client {
	p.t.Helper()
	return testnet.Client{URL: p.Await(`msg="node is up".* rpc=(\S+)`)}
}

// WaitGrowth waits until a node has so many blocks more.
func WaitGrowth(t *testing.T, c testnet.Client, blocks uint64) {
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

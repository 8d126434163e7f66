package process_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytom-solo/bytom-solo/rig"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// onTerminal starts a command of ours at a terminal with colours.
func onTerminal(t *testing.T, args ...string) *harness.Terminal {
	t.Helper()
	return harness.StartOnTerminal(t, append([]string{"env", "TERM=xterm", "NO_COLOR=", testnet.Solo(t)}, args...)...)
}

const keysHelp = "keys: h hashrate"

// checkMode reports a terminal that is not as a shell expects it.
func checkMode(t *testing.T, p *harness.Terminal) {
	t.Helper()
	if lines, echo := p.Mode(); !lines || !echo {
		t.Errorf("the terminal is left with lines %v, echo %v", lines, echo)
	}
}

// TestKeysOfARig has a rig mine for a node, and asks and commands it by keys: it pauses, which
// the node's session survives.
func TestKeysOfARig(t *testing.T) {
	listen := harness.RigAddress(t)
	testnet.Start(t, testnet.NodeOptions{Args: []string{
		"--stratum.listen", listen, "--mining.address", "sm1q3cuzlxhzhqnse2w2v2mdkls9873am2cy46c6z7",
	}})
	p := onTerminal(t, "rig", "-o", listen, "-u", "a.b", "--threads", "1", "--api", "127.0.0.1:0")
	api := p.Await(`msg="status is served".*url=(\S+)`)
	p.Await(keysHelp)
	p.Await("\x1b.*(share|block) accepted")
	if lines, echo := p.Mode(); lines || echo {
		t.Errorf("lines are edited: %v, keys shown: %v", lines, echo)
	}
	p.Type("h")
	p.Await(`DEVICE +10 S +1 MIN +15 MIN *\r\ncpu +[0-9.]+ k?H/s`)
	p.Type("s")
	p.Await(`DEVICE +ACCEPTED +STALE +REFUSED +LOST +UNANSWERED +BEST SHARE\r\ncpu +[1-9]`)
	p.Type("q?") // as a paste is: nothing
	time.Sleep(500 * time.Millisecond)
	p.Type("r")
	p.Await("it is not paused")

	p.Type("p")
	p.Await("mining is paused")
	p.Type("p")
	p.Await("it is paused already")
	var paused rig.Status
	testnet.Wait(t, time.Minute, func() error { // What was being hashed comes to its end first.
		paused = rigStatus(t, api)
		time.Sleep(time.Second)
		if s := rigStatus(t, api); !s.Paused || s.Hashes != paused.Hashes || s.Work == nil || s.Source.Connections != 1 {
			return fmt.Errorf("in the pause: %+v, after %d hashes", s, paused.Hashes)
		}
		return nil
	})
	p.Type("r")
	p.Await("mining is resumed")
	testnet.Wait(t, time.Minute, func() error {
		s := rigStatus(t, api)
		if s.Paused || s.Hashes <= paused.Hashes || s.Shares.Accepted <= paused.Shares.Accepted || s.Source.Connections != 1 {
			return fmt.Errorf("after the pause: %+v", s)
		}
		return nil
	})
	p.Type("q")
	if code := p.End(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	checkMode(t, p)
}

func rigStatus(t *testing.T, url string) (s rig.Status) {
	t.Helper()
	getJSON(t, url, &s)
	return s
}

func getJSON(t *testing.T, url string, out any) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
}

// TestKeysOfANode pauses a node that mines, which it says in its status and as no fault, and
// stops it by each of the ways that there are. The terminal is as it was then, within 5 s.
func TestKeysOfANode(t *testing.T) {
	t.Parallel() // It mostly waits.
	for name, stop := range map[string]func(*harness.Terminal){
		"q": func(p *harness.Terminal) { p.Type("q") }, "Ctrl-C": func(p *harness.Terminal) { p.Type("\x03") },
		"SIGTERM": func(p *harness.Terminal) { p.Signal(syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			p := onTerminal(t, harness.SolonetArgs(t.TempDir(), harness.MineSlowly()...)...)
			c := p.Client()
			p.Await("block accepted")
			p.Type("p")
			p.Await("mining is paused")
			var s struct {
				Mining, Paused bool
				Faults         []any
			}
			if getJSON(t, c.URL+"/mining/api/v1/status", &s); s.Mining || !s.Paused || len(s.Faults) > 0 {
				t.Errorf("in the pause: %+v", s)
			}
			p.Type("s")
			p.Await(`\r\nblocks +[1-9]`)
			p.Type("h")
			p.Await(`\r\ncpu +[0-9.]+ H/s`)
			p.Type("r")
			p.Await("mining is resumed")
			harness.WaitGrowth(t, c, 1)
			stop(p)
			start := time.Now()
			if code := p.End(); code != 0 || time.Since(start) > 5*time.Second {
				t.Errorf("exit code %d after %v", code, time.Since(start))
			}
			checkMode(t, p)
			p.Await("node stopped")
		})
	}
}

// TestKeysLeaveTheShellAlone has a rig in the background of a shell, where it reads no keys and
// is not stopped; it comes to the foreground, is stopped by Ctrl-Z, and goes on.
func TestKeysLeaveTheShellAlone(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skipf("job control takes a shell: %v", err)
	}
	p := harness.StartOnTerminal(t, "env", "TERM=xterm", "PS1=ready> ", bash, "--norc", "-i")
	p.Await("ready> ")
	p.Type(testnet.Solo(t) + " rig --getwork http://127.0.0.1:1 &\n")
	p.Await("gives no work")
	p.Type("jobs; echo jobs=$?\n")
	p.Await("Running.*rig(?s:.*)jobs=0")
	p.Type("h") // which the shell gets
	time.Sleep(500 * time.Millisecond)
	p.Type("\x15fg\n")
	testnet.Wait(t, time.Minute, func() error {
		if lines, echo := p.Mode(); lines || echo {
			return fmt.Errorf("lines are edited: %v, keys shown: %v", lines, echo)
		}
		return nil
	})
	p.Type("h")
	p.Await(`DEVICE +10 S`)
	p.Type("\x1a")
	p.Await("Stopped.*rig")
	p.Type("stty -a | tr ' ' ,; echo shown\n")
	if modes := p.Await(`icanon(?s:(.*))\r\nshown`); strings.Contains(modes, "-echo,") {
		t.Errorf("stopped, it leaves %q", modes)
	}
	p.Type("fg\n")
	testnet.Wait(t, time.Minute, func() error {
		p.Type("?")
		time.Sleep(300 * time.Millisecond)
		if !strings.Contains(p.Text(), keysHelp) {
			return fmt.Errorf("no answer to a key")
		}
		return nil
	})
	p.Type("q")
	p.Await("msg=.*stopped")
	p.Type("echo code=$?; exit\n")
	p.Await("code=0")
	p.End()
	if strings.Count(p.Text(), "DEVICE") != 1 {
		t.Error("a key was read in the background")
	}
}

// TestACrashGivesTheTerminalBack crashes a rig and a node, as a panic does: by SIGQUIT, which Go
// reports alike.
func TestACrashGivesTheTerminalBack(t *testing.T) {
	for name, args := range map[string][]string{
		"node": harness.SolonetArgs(t.TempDir()), "rig": {"rig", "--getwork", "http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := onTerminal(t, args...)
			p.Await("node is up|gives no work")
			testnet.Wait(t, time.Minute, func() error {
				if lines, echo := p.Mode(); lines || echo {
					return fmt.Errorf("lines are edited: %v, keys shown: %v", lines, echo)
				}
				return nil
			})
			p.Signal(syscall.SIGQUIT)
			if code := p.End(); code != 2 {
				t.Errorf("exit code %d", code)
			}
			testnet.Wait(t, 10*time.Second, func() error {
				if lines, echo := p.Mode(); !lines || !echo {
					return fmt.Errorf("lines are edited: %v, keys shown: %v", lines, echo)
				}
				return nil
			})
		})
	}
}

// escape is the beginning of an escape sequence of a colour.
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestColours are on a terminal alone, and not where somebody wants none, or a terminal knows
// none.
func TestColours(t *testing.T) {
	for _, c := range []struct {
		env     string
		colours bool
	}{{"TERM=xterm", true}, {"NO_COLOR=1", false}, {"TERM=dumb", false}} {
		t.Run(c.env, func(t *testing.T) {
			p := harness.StartOnTerminal(t, "env", "TERM=xterm", c.env, testnet.Solo(t), "rig", "--getwork", "http://127.0.0.1:1")
			p.Await("gives no work")
			p.Type("q")
			p.Await("msg=.*stopped")
			p.End()
			if colour.MatchString(p.Text()) != c.colours || strings.Contains(p.Text(), "\x1b") != c.colours {
				t.Errorf("colours %v expected: %q", c.colours, p.Text())
			}
		})
	}
}

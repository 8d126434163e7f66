//go:build unix

package node

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestSplitCommand(t *testing.T) {
	for text, want := range map[string][]string{
		"":                              nil,
		" a  b\tc ":                     {"a", "b", "c"},
		`sh -c 'echo "$X" \ y'`:         {"sh", "-c", `echo "$X" \ y`},
		`a "b c"d '' "\"" \  e\ f`:      {"a", "b cd", "", `"`, " ", "e f"},
		"/opt/äö/notify --to='ö ü' $X;": {"/opt/äö/notify", "--to=ö ü", "$X;"},
	} {
		if got, err := splitCommand(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is %q, %v, expected %q", text, got, err, want)
		}
	}
	for _, text := range []string{`a "b`, `a 'b`, `a \`} {
		if got, err := splitCommand(text); err == nil {
			t.Errorf("%s is %q, expected an error", text, got)
		}
	}
}

// TestCommandIsRunForEachEvent has a command write down what it gets, while a webhook gets
// the same.
func TestCommandIsRunForEachEvent(t *testing.T) {
	t.Setenv("TM_STRATUM_PASSWORD", "secret")
	out := filepath.Join(t.TempDir(), "out")
	config := soloConfig(home(t))
	withPayee(t, config)
	url, got := hook(t, 0)
	config.Notify.Webhook = url
	config.Notify.Command = `sh -c 'env | grep -E "^(BYTOM_SOLO|TM)_" | sort >>` + out + `; cat >>` + out + `'`
	n, _ := newWholeNode(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{}, 2)
	for _, part := range []*notifier{n.notifier, n.command} {
		go func() { _ = part.run(ctx); done <- struct{}{} }()
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	n.notify(Notification{Event: "rig.away", At: at, Detail: "it's \"away\"\x00; $(id)", Rig: &RigAlert{Rig: "shed.1", State: RigAway}})
	n.notify(Notification{Event: "fault.raised", At: at, Fault: &Fault{ID: "clock"}})
	var text string
	for end := time.Now().Add(10 * time.Second); strings.Count(text, "}\n") < 2 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		raw, _ := os.ReadFile(out)
		text = string(raw)
	}
	cancel()
	<-done
	<-done
	lines := strings.Split(text, "\n")
	want := []string{"BYTOM_SOLO_AT=2026-01-02T03:04:05Z", `BYTOM_SOLO_DETAIL=it's "away"; $(id)`, "BYTOM_SOLO_EVENT=rig.away", "BYTOM_SOLO_NETWORK=solonet", "BYTOM_SOLO_NODE=", "BYTOM_SOLO_RIG=shed.1"}
	if len(lines) < 7 || !slices.Equal(lines[:6], want) {
		t.Fatalf("the command got\n%s\nexpected first\n%s", text, strings.Join(want, "\n"))
	}
	var note Notification
	if err := json.Unmarshal([]byte(lines[6]), &note); err != nil || note.Event != "rig.away" || note.Rig.Rig != "shed.1" {
		t.Errorf("its input is %s: %v", lines[6], err)
	}
	if !strings.Contains(text, "BYTOM_SOLO_FAULT=clock") || !slices.Equal(got(), []string{"rig.away", "fault.raised"}) {
		t.Errorf("the command got\n%s\nand the webhook %v", text, got())
	}
	if _, failing := n.command.trouble(); failing {
		t.Error("it is said to fail")
	}
}

// alive reports whether a process runs.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// TestCommandEndsWithItsGroup has one that hangs, with a child: both end after the limit, and
// when the node stops. What one leaves running ends, too.
func TestCommandEndsWithItsGroup(t *testing.T) {
	for name, c := range map[string]struct{ script, fails string }{
		"over the limit": {"sleep 60 & echo $! >%s; wait", "stopped after"},
		"leaves a child": {"sleep 60 >/dev/null 2>&1 & echo $! >%s", ""},
		"its output too": {"sleep 60 & echo $! >%s", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "pid")
			start := time.Now()
			err := runCommand(t.Context(), []string{"/bin/sh", "-c", fmt.Sprintf(c.script, file)}, Notification{}, time.Second)
			if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("error %v, expected %q", err, c.fails)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
			if err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(5 * time.Second); alive(pid) && !isZombie(pid); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("its child runs on")
				}
			}
		})
	}
}

// isZombie reports whether a process has ended, and nobody has asked how.
func isZombie(pid int) bool {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(raw), ") ")
	return strings.HasPrefix(state, "Z")
}

// TestFailingCommandIsLoggedOnce has many events for a command that fails.
func TestFailingCommandIsLoggedOnce(t *testing.T) {
	log := &lockedBuffer{}
	n, err := newCommandNotifier(`sh -c "echo no mail here >&2; exit 3"`, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = n.run(ctx) }()
	for range 5 {
		n.send(Notification{Event: "clock.off"})
	}
	for len(n.queue) > 0 {
		time.Sleep(time.Millisecond)
	}
	why, failing := "", false
	for !failing {
		why, failing = n.trouble()
	}
	if !strings.Contains(why, "exit status 3: no mail here") {
		t.Errorf("it fails for %q", why)
	}
	cancel()
	<-done
	if lines := strings.Count(log.String(), "command does not take them\""); lines != 1 {
		t.Errorf("logged %d times:\n%s", lines, log)
	}
}

func TestCommandsAndPingsThatAreRefused(t *testing.T) {
	for args, want := range map[string]string{
		"--notify.command=no-such-program-here x": "key notify.command: expected a program that can be run",
		"--notify.command=sh -c 'x":               "a quote does not end",
		"--notify.command= ":                      "it is empty",
		"--notify.ping=ftp://u:secret@a/b":        `key notify.ping: value "ftp://xxxxx@a/…": expected http://host/path`,
		"--notify.ping-every=1s":                  `key notify.ping-every: value "1s": expected 10s or more`,
	} {
		if _, err := load(t, "chain_id = \"solonet\"\n", []string{args}, nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, expected %s", args, err, want)
		}
	}
}

// TestPingWhileAllIsWell has pings end with a fault, and one that fails be logged without its
// token.
func TestPingWhileAllIsWell(t *testing.T) {
	var pings, status atomic.Int64
	status.Store(http.StatusOK)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/token" || r.Method != http.MethodGet {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		pings.Add(1)
		w.WriteHeader(int(status.Load()))
	}))
	defer s.Close()
	var well atomic.Bool
	log := &lockedBuffer{}
	p, err := newPinger(s.URL+"/token", time.Minute, well.Load, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	p.every = 5 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = p.run(ctx) }()
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("not %s after 10 s", what)
			}
		}
	}
	time.Sleep(50 * time.Millisecond)
	if n := pings.Load(); n > 0 {
		t.Errorf("%d pings while something is wrong", n)
	}
	well.Store(true)
	until("pinged", func() bool { return pings.Load() >= 3 })
	status.Store(http.StatusNotFound)
	until("failing", func() bool { _, failing := p.trouble(); return failing })
	from := pings.Load()
	until("tried again", func() bool { return pings.Load() >= from+3 })
	if text := log.String(); strings.Count(text, "does not get through") != 1 || strings.Contains(text, "token") {
		t.Errorf("logged:\n%s", text)
	}
	status.Store(http.StatusNoContent)
	until("right again", func() bool { _, failing := p.trouble(); return !failing })
	cancel()
	<-done
}

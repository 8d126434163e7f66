package process_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// What wipes a bar, begins one, and ends one with the cursor at its beginning.
const wiped, barBegins, barEnds = "\r\x1b7\x1b[K\x1b[B\x1b[J\x1b8", "\x1b[?7l", "\x1b[?7h\r"

// checkScreen holds what was drawn on a terminal to whole lines: between two wipes come lines of
// the log, and a bar in the end, which is narrower than the window. It returns the bars.
func checkScreen(t *testing.T, text, bar string, columns int) (bars []string) {
	t.Helper()
	parts := strings.Split(colour.ReplaceAllString(text, ""), wiped)
	for i, part := range parts {
		lines, drawn, ends := strings.Cut(part, barBegins)
		drawn, left, whole := strings.Cut(drawn, barEnds)
		switch {
		case ends != whole || left != "" || lines != "" && !strings.HasSuffix(lines, "\n") || ends && !strings.HasPrefix(drawn, bar):
			t.Errorf("a line is torn: %q", part)
		case ends != (i < len(parts)-1):
			t.Errorf("a line of the log is wiped, or a bar is left: %q", part)
		case utf8.RuneCountInString(drawn) >= columns:
			t.Errorf("a bar is wider than %d columns: %q", columns, drawn)
		case strings.Contains(lines, bar+" ["), strings.ContainsAny(lines+drawn, "\x1b"):
			t.Errorf("a bar is in the log: %q", part)
		case ends:
			bars = append(bars, drawn)
		}
	}
	return bars
}

// TestSyncShowsHowFar has nodes catch up with 110 blocks: at a terminal under a bar, which the
// log does not tear, and with a log in a pipe, which has no control characters.
func TestSyncShowsHowFar(t *testing.T) {
	peer := testnet.Start(t, testnet.NodeOptions{})
	if err := peer.Client().Premine(t.Context()); err != nil {
		t.Fatal(err)
	}
	args := func() []string {
		return harness.SolonetArgs(t.TempDir(), "--p2p.keep_dial", fmt.Sprint(peer.IP, ":", peer.Port), "--log_level", "debug")
	}
	isa, cores := os.Getenv("TENSORITY_ISA"), os.Getenv("GOMAXPROCS")
	t.Setenv("TENSORITY_ISA", "avx2") // It takes some seconds so, on one core, which the bar's pace needs.
	t.Setenv("GOMAXPROCS", "1")
	wide := onTerminal(t, args()...)
	t.Setenv("TENSORITY_ISA", isa)
	t.Setenv("GOMAXPROCS", cores)
	piped := harness.Start(t, testnet.Solo(t), args()...)
	stopped := onTerminal(t, args()...)
	stopped.Await("sync .*%")
	stopped.Signal(syscall.SIGTERM)
	start := time.Now()
	if code := stopped.End(); code != 0 || time.Since(start) > 5*time.Second {
		t.Errorf("under a bar: exit code %d after %v", code, time.Since(start))
	}
	stopped.Await("node (stopped)")
	checkScreen(t, stopped.Text(), "sync ", 80)
	checkMode(t, stopped)
	const caughtUp = `msg="caught up".* height=1(09|10) ` // at most one behind
	for _, p := range []*harness.Program{wide.Program, piped} {
		p.Await(caughtUp)
		p.Signal(syscall.SIGTERM)
		if code := p.End(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		p.Await("node stopped")
	}
	bars := checkScreen(t, wide.Text(), "sync ", 80)
	bar := regexp.MustCompile(`^sync \[=*>?-*\] +[0-9.]+ % [0-9]+ of 110, .*[0-9]+ blocks/s, [0-9a-z]+ left$`)
	matches := 0
	for _, b := range bars {
		if bar.MatchString(b) {
			matches++
		}
	}
	if matches == 0 {
		t.Errorf("no bar with all figures in %q", bars)
	}
	for _, r := range piped.Text() {
		if r < ' ' && r != '\n' || r == 0x7f {
			t.Fatalf("the pipe has a %q: %q", r, piped.Text())
		}
	}
}

// TestABarInAWindowThatShrinks has a benchmark run while its window gets narrower, and is
// stopped.
func TestABarInAWindowThatShrinks(t *testing.T) {
	t.Parallel() // It mostly waits.
	p := onTerminal(t, "bench", "--isa", "reference,portable", "--compare=false", "--threads", "1", "--rounds", "1000", "--turn", "50ms")
	p.Await(`bench \[.*left`)
	p.Resize(40)
	time.Sleep(time.Second) // The frame under way is of the wide window.
	from := len(p.Text())
	p.Await(`bench +[0-9.]+ %`)
	time.Sleep(time.Second)
	text := p.Text()[from:]
	p.Signal(syscall.SIGINT)
	if code := p.End(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	_, text, _ = strings.Cut(text, wiped) // The frame that was cut
	text = text[:strings.LastIndex(text, barEnds)+len(barEnds)]
	if bars := checkScreen(t, text+wiped, "bench ", 40); len(bars) < 2 {
		t.Errorf("%d bars in %q", len(bars), text)
	}
	if end := p.Text(); !strings.HasSuffix(end, wiped) {
		t.Errorf("the bar is left: %q", end[max(0, len(end)-200):])
	}
}

package vulkan

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var card = Device{Name: "vulkan:0", Key: "00ff-1", Driver: "a driver"}

// attemptVariable has the test's binary be a process that a driver ends.
const attemptVariable = "BYTOM_SOLO_TEST_ATTEMPT"

// TestProcessesThatADriverEnds has processes end while they attempt something, and others
// look at what is left of it.
func TestProcessesThatADriverEnds(t *testing.T) {
	if what := os.Getenv(attemptVariable); what != "" {
		_ = Config{Dir: os.Getenv("DIR")}.attempting(t.Context(), card, what, func() error {
			os.Exit(11) // As a driver that crashes: without another word.
			return nil
		})
	}
	first := Variant{Path: PathDot, Rows: 64, TileRows: 8, TileWords: 2, Pad: 1}
	second, third, other := first, first, first
	second.Rows, third.Rows, other.Path = 128, 32, PathMul
	var log bytes.Buffer
	c := Config{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))}
	for _, end := range []string{".json", ".cache"} {
		c.save(card, end, []byte("kept"))
	}
	leftOut := func(e endings) (names []string) {
		for _, v := range []Variant{first, second, third, other} {
			if e.why(v) != "" {
				names = append(names, v.String())
			}
		}
		return names
	}
	for _, step := range []struct {
		what    string
		leftOut []string
		says    string
	}{
		{"", nil, ""},
		{first.String(), []string{first.String()}, "left out"},
		{attemptHeaders, []string{first.String()}, first.String() + ", headers"},
		{first.String(), []string{first.String()}, first.String() + ", headers"},
		{attemptSaved, []string{first.String()}, "made anew"},
		{second.String(), []string{first.String(), second.String(), third.String()}, second.String()},
	} {
		if step.what != "" {
			p := exec.Command(os.Args[0], "-test.run", "^TestProcessesThatADriverEnds$")
			p.Env = append(os.Environ(), attemptVariable+"="+step.what, "DIR="+c.Dir)
			var exit *exec.ExitError
			if out, err := p.CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != 11 {
				t.Fatalf("%v: %s", err, out)
			}
		}
		log.Reset()
		got := c.loadEndings(card)
		if names := leftOut(got); !slices.Equal(names, step.leftOut) || !strings.Contains(log.String(), step.says) || (log.Len() == 0) != (step.says == "") {
			t.Errorf("after the end over %q: left out %q, expected %q; the log: %s", step.what, names, step.leftOut, &log)
		}
		if kept := c.load(card, ".cache") != nil; kept == (step.what == attemptSaved || step.what == second.String()) {
			t.Errorf("after the end over %q: what was kept is still there: %v", step.what, kept)
		}
	}
	if got := c.loadEndings(card); !got.has(attemptHeaders) || got.has(attemptPeak(PathDot)) {
		t.Errorf("%+v", got)
	}
	if got := c.loadEndings(Device{Key: "00ff-2"}); len(got.Ended) > 0 {
		t.Errorf("another driver has %+v", got)
	}
	if err := os.Remove(c.file(card, endingsEnd)); err != nil {
		t.Error(err)
	}
	if got := c.loadEndings(card); len(got.Ended) > 0 {
		t.Errorf("after the file was deleted: %+v", got)
	}
}

// TestAttemptsThatEndLeaveNothing has them succeed and fail, be interrupted, and go on in this
// process and another while somebody looks.
func TestAttemptsThatEndLeaveNothing(t *testing.T) {
	c := Config{Dir: filepath.Join(t.TempDir(), "[made] for it")}
	marks := func() (n int) {
		entries, err := os.ReadDir(c.Dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := errors.New("failed")
	for _, do := range []func() error{
		func() error { return nil },
		func() error { return failed },
		func() error { // Looked at by a process that is just starting, and then interrupted.
			if got := c.loadEndings(card); len(got.Ended) > 0 || marks() != 1 {
				t.Errorf("while it goes on: %+v, %d marks", got, marks())
			}
			cancel()
			for range 1000 {
				if marks() == 0 {
					return nil
				}
				time.Sleep(time.Millisecond)
			}
			return errors.New("the mark of an interrupted attempt stays")
		},
	} {
		if err := c.attempting(ctx, card, "dot", do); err != nil && !errors.Is(err, failed) {
			t.Error(err)
		}
		if n := marks(); n != 0 {
			t.Errorf("%d marks are left", n)
		}
	}
	if alive(os.Getpid(), started.Add(-time.Hour)) || !alive(os.Getppid(), time.Now()) {
		t.Error("an earlier process of this one's number is alive, or its parent is not")
	}
	if err := (Config{}).attempting(t.Context(), card, "dot", func() error { return failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
}

// TestOtherMarksAreTakenAway reads what somebody else may have left there.
func TestOtherMarksAreTakenAway(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	for name, text := range map[string]string{
		"1": "", "2": `{"format": 1, "shaders": "00", "what": "dot", "pid": 0}`, "3": `{"format": 9, "what": "dot"}`, "4": "{",
	} {
		if err := os.WriteFile(filepath.Join(c.Dir, "vulkan-"+card.Key+"."+name+markEnd), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.loadEndings(card); len(got.Ended) > 0 {
		t.Errorf("%+v", got)
	}
	if left, _ := os.ReadDir(c.Dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	for _, text := range []string{"", "{", `{"format": 2, "ended": ["dot"]}`, `{"format": 1, "shaders": "00", "ended": ["dot"]}`} {
		c.save(card, endingsEnd, []byte(text))
		if got := c.loadEndings(card); len(got.Ended) > 0 {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestPathsOfTheEnvironment(t *testing.T) {
	d := Device{Paths: []Path{{Name: PathMatrix, Usable: true}, {Name: PathDot, Usable: true}, {Name: PathMul, Usable: true}}}
	for list, want := range map[string]string{"": "matrix dot mul", " ": "matrix dot mul", "dot,mul": "dot mul", " mul ": "mul"} {
		paths, err := ParsePaths(list)
		var usable []string
		for _, p := range d.Only(paths).Paths {
			if p.Usable {
				usable = append(usable, p.Name)
			} else if !strings.Contains(p.Reason, PathsVariable) {
				t.Errorf("%q: %+v", list, p)
			}
		}
		if got := strings.Join(usable, " "); err != nil || got != want {
			t.Errorf("%q: %q and %v, expected %q", list, got, err, want)
		}
	}
	for _, list := range []string{"fast", "dot,", "dot mul"} {
		if paths, err := ParsePaths(list); err == nil || !strings.Contains(err.Error(), PathsVariable) {
			t.Errorf("%q: %q, %v", list, paths, err)
		}
	}
	if !d.Paths[0].Usable {
		t.Error("the device itself was changed")
	}
}

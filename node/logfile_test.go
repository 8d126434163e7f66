package node

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestLogFile lets the day end, and the file be moved, removed with its directory and
// opened again at the operator's wish.
func TestLogFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "log")
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var told strings.Builder
	l, err := openLogFiles(dir, func() time.Time { return now }, NewConfig().logger(&told))
	if err != nil {
		t.Fatal(err)
	}
	defer l.file.Close()
	first, second := filepath.Join(dir, "bytom-solo.20260301.log"), filepath.Join(dir, "bytom-solo.20260302.log")
	say := func(line, name, want string) {
		t.Helper()
		if n, err := l.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%q: %d, %v", line, n, err)
		}
		if raw, err := os.ReadFile(name); err != nil || string(raw) != want {
			t.Errorf("%s has %q, expected %q (%v)", name, raw, want, err)
		}
	}
	say("1\n", first, "1\n")
	now = now.Add(12 * time.Hour)
	say("2\n", second, "2\n")
	say("3\n", second, "2\n3\n")
	if err := os.Rename(second, second+".old"); err != nil {
		t.Fatal(err)
	}
	say("4\n", second+".old", "2\n3\n4\n") // It is not looked at with each line.
	now = now.Add(logCheckPeriod)
	say("5\n", second, "5\n")
	if err := os.Rename(second, second+".older"); err != nil {
		t.Fatal(err)
	}
	l.reopen()
	say("6\n", second, "6\n")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	now = now.Add(logCheckPeriod)
	say("7\n", second, "7\n")
	now = now.Add(-time.Hour) // The clock is set back; the file is of the day before.
	say("8\n", first, "8\n")
	if told.Len() > 0 {
		t.Errorf("told: %s", told.String())
	}
}

// TestLogFileThatFails has a full disk and a directory that became a file: lines are
// lost, that is told once, and again when they are not.
func TestLogFileThatFails(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has /dev/full")
	}
	dir := t.TempDir()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	name := filepath.Join(dir, "bytom-solo.20260301.log")
	if err := os.Symlink("/dev/full", name); err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	l, err := openLogFiles(dir, func() time.Time { return now }, NewConfig().logger(&told))
	if err != nil {
		t.Fatal(err)
	}
	write := func(lines int, want ...string) {
		t.Helper()
		told.Reset()
		for range lines {
			if n, err := l.Write([]byte("x\n")); n != 2 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		if strings.Count(told.String(), "\n") != min(1, len(want)) {
			t.Errorf("told: %q", told.String())
		}
		for _, part := range want {
			if !strings.Contains(told.String(), part) {
				t.Errorf("%q does not say %q", told.String(), part)
			}
		}
	}
	write(50, "level=WARN", dir, "no space left", "lines_lost=1 ")
	now = now.Add(logWarnPeriod - 1)
	write(1)
	now = now.Add(1)
	write(50, "no space left", "lines_lost=52")
	replace := func(with string) {
		t.Helper()
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if with == "file" {
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(logCheckPeriod)
	}
	replace("file")
	write(3)
	replace("nothing")
	write(3, "level=WARN", "written to again", "lines_lost=104")
	if raw, err := os.ReadFile(name); string(raw) != "x\nx\nx\n" {
		t.Errorf("%q, %v", raw, err)
	}
	replace("file")
	write(3, "not a directory", "lines_lost=1")
	l.reopen()
	write(1)
}

// TestLogFileThatCantBe refuses at the start what can't be written to.
func TestLogFileThatCantBe(t *testing.T) {
	c := NewConfig()
	c.Bytom.RootDir, c.Bytom.LogFile = t.TempDir(), "log"
	if err := os.WriteFile(filepath.Join(c.Bytom.RootDir, "log"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := c.OpenLog(t.Output())
	if err == nil || !strings.Contains(err.Error(), "log_file") || !strings.Contains(err.Error(), `"log"`) || !strings.Contains(err.Error(), "expected a directory") {
		t.Errorf("%v", err)
	}
	c.ReopenLog() // There is none.
}

// TestBothTakesWhatOneRefuses has a terminal that is gone.
func TestBothTakesWhatOneRefuses(t *testing.T) {
	var text strings.Builder
	for _, w := range []teeWriter{{&text, gone{}}, {gone{}, &text}} {
		if n, err := w.Write([]byte("x")); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if _, err := (teeWriter{gone{}, gone{}}).Write([]byte("x")); !errors.Is(err, os.ErrClosed) || text.String() != "xx" {
		t.Errorf("%q, %v", text.String(), err)
	}
}

type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, os.ErrClosed }

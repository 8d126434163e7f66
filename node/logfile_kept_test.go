package node

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestLogFilesAreCounted: to a clock that is years ahead all log files are old, and yet
// but one gives way to the new one.
func TestLogFilesAreCounted(t *testing.T) {
	c := NewConfig()
	c.Bytom.RootDir, c.Bytom.LogFile = t.TempDir(), "log"
	dir := c.Bytom.LogDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	old := time.Now().AddDate(-3, 0, 0)
	for day := range keptLogs {
		name := filepath.Join(dir, fmt.Sprintf("bytom-solo.200101%02d.log", day+1))
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	log, err := c.OpenLog(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	log.Info("the first line of the day")
	gone := filepath.Join(dir, "bytom-solo.20010101.log")
	var left []string
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if left, err = filepath.Glob(filepath.Join(dir, "bytom-solo.*.log")); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(left, gone) || time.Now().After(deadline) {
			break
		}
	}
	if len(left) != keptLogs || slices.Contains(left, gone) {
		t.Errorf("left: %q, expected the last %d", left, keptLogs)
	}
}

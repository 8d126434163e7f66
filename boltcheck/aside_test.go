package boltcheck

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// TestSetAsideWritesOverNothing sets two files aside in one second.
func TestSetAsideWritesOverNothing(t *testing.T) {
	path, now := filepath.Join(t.TempDir(), "a.db"), time.Now()
	for _, text := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		to, err := SetAside(path, now)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if got, err := os.ReadFile(to); err != nil || string(got) != text {
				t.Errorf("%s has %q, %v, expected %q", to, got, err, text)
			}
		}()
	}
	if _, err := SetAside(path, now); err == nil {
		t.Error("a file that is not there was set aside")
	}
}

// TestHolder has another process keep a file open.
func TestHolder(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems do not tell")
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "LOCK"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got := Holder(file.Name()); got != "another process" {
		t.Errorf("nobody else has it open: %s", got)
	}
	cmd := exec.Command("sleep", "60")
	cmd.ExtraFiles = []*os.File{file}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if got, want := Holder(file.Name()), fmt.Sprintf("process %d (sleep 60)", cmd.Process.Pid); got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}

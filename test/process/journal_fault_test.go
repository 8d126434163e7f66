package process_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute/computetest"
	"github.com/bytom-solo/bytom-solo/test/harness"
	"github.com/bytom-solo/bytom-solo/testnet"
)

// TestMiningWithoutAJournal starts nodes that can't write found blocks down: they
// say so at once, as an error, and mine all the same.
func TestMiningWithoutAJournal(t *testing.T) {
	r := harness.NewSolver(t)
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  string
	}{
		{"no folder", spoilFolder, "not a directory"},
		{"another file", spoilContent, "invalid database"},
		{"full disk", spoilDisk, "no space left on device"},
		{"read-only", spoilMode, "permission denied"},
	} {
		if (test.name == "another file" || test.name == "read-only") && !computetest.Long() {
			continue // The same way through the node as the others.
		}
		t.Run(test.name, func(t *testing.T) {
			home := t.TempDir()
			test.spoil(t, journalPath(home))
			const told = "the journal can't be opened"
			expected := []string{told, "found block not written down"}
			if test.name == "no folder" {
				expected = append(expected, "which transactions to prioritise or to exclude can't be read", "the history is in memory alone")
			}
			n := testnet.Start(t, testnet.NodeOptions{Home: home, Args: []string{"--mining"}, ExpectErrors: expected})
			n.Allow("found block is neither in the journal nor on this chain") // Where one comes as it is stopped.
			n.WaitHeight(2, r.Limit(2))
			if log := n.Log(); !strings.Contains(log, test.want) || strings.Index(log, told) > strings.Index(log, "node is up") {
				t.Errorf("the log does not say %q before the node is up", test.want)
			}
			if _, err := harness.FoundBlocks(n); err != nil {
				t.Error(err)
			}
		})
	}
}

func spoilFolder(t *testing.T, path string) {
	harness.WriteFile(t, filepath.Dir(path), "a file where the folder should be", 0o600)
}

func spoilContent(t *testing.T, path string) {
	makeFolder(t, path)
	harness.WriteFile(t, path, strings.Repeat("no journal at all. ", 1000), 0o600)
}

// spoilDisk puts the journal on a device that is always full.
func spoilDisk(t *testing.T, path string) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has /dev/full")
	}
	makeFolder(t, path)
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
}

func spoilMode(t *testing.T, path string) {
	makeFolder(t, path)
	harness.WriteFile(t, path, "", 0o400)
	if f, err := os.OpenFile(path, os.O_RDWR, 0); err == nil {
		f.Close()
		obeyModes(t)
	}
}

// obeyModes has the nodes of a test started without root's right to write to files
// that are read-only.
func obeyModes(t *testing.T) {
	t.Helper()
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skipf("root may write to read-only files, unless setpriv takes that right away: %v", err)
	}
	script := filepath.Join(t.TempDir(), "bytom-solo")
	harness.WriteFile(t, script, fmt.Sprintf("#!/bin/sh\nexec '%s' --bounding-set=-dac_override -- '%s' \"$@\"\n", setpriv, testnet.Solo(t)), 0o700)
	t.Setenv("BYTOM_SOLO", script)
}

func makeFolder(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
}

//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
)

// fakeBuild is a program that prints a report of a kernel with so many hashes a second,
// and writes down how it was called.
func fakeBuild(t *testing.T, name string, rate float64, verified bool) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), name)
	script := fmt.Sprintf(`#!/bin/sh
echo "$@" >>"$0.calls"
echo '{"results":[{"name":"k","hashes_per_second":%v,"verified":%v,"threads":[{"threads":1,"scaling":1}],"peaks":[{"part":0.5}]}]}'
`, rate, verified)
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return program
}

func TestBenchInTurns(t *testing.T) {
	programs := [2]string{fakeBuild(t, "old", 10, true), fakeBuild(t, "now", 15, true)}
	config := benchConfig{isa: []string{"avx2", "portable"}, compare: true,
		bench: compute.BenchConfig{Rounds: 2, Turn: 1, Threads: []int{1, 2}}}
	var progress strings.Builder
	changes, err := benchInTurns(t.Context(), &progress, programs, config)
	if err != nil {
		t.Fatal(err)
	}
	want := compute.BenchChange{Name: "k", Figure: "hashes a second, a core", Old: 10, New: 15, Ratio: 1.5, Limit: "its instruction's peak", OfLimit: 0.5}
	if len(changes) != 1 || changes[0] != want {
		t.Errorf("%+v", changes)
	}
	calls, err := os.ReadFile(programs[0] + ".calls")
	if line := "bench --json --rounds 1 --turn 1ns --isa avx2,portable --threads 1,2 --compare=true\n"; err != nil || string(calls) != line+line {
		t.Errorf("the old one was called with %q, %v", calls, err)
	}
	order := []string{"old", "now", "now", "old"}
	for i, line := range strings.Split(strings.TrimSpace(progress.String()), "\n") {
		if i >= len(order) || filepath.Base(line) != order[i] {
			t.Errorf("turn %d: %s", i, line)
		}
	}
}

func TestBenchInTurnsEndsWithWrongHashes(t *testing.T) {
	right, unverified := fakeBuild(t, "right", 1, true), fakeBuild(t, "unverified", 1, false)
	failing := filepath.Join(t.TempDir(), "failing")
	if err := os.WriteFile(failing, []byte("#!/bin/sh\necho a wrong hash >&2\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := benchConfig{bench: compute.BenchConfig{Rounds: 1}}
	for program, want := range map[string]string{unverified: "kernel k has not verified", failing: "a wrong hash", filepath.Join(t.TempDir(), "none"): "no such file"} {
		if _, err := benchInTurns(t.Context(), io.Discard, [2]string{program, right}, config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", filepath.Base(program), err)
		}
	}
}

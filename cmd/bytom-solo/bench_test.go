package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
)

// bench runs the command for as short as it can be.
func bench(args ...string) (out, terminal string, err error) {
	var results, progress bytes.Buffer
	root := newRoot(&results, &progress)
	root.SetArgs(append([]string{"bench", "--rounds", "1", "--turn", "1ms", "--compare=false"}, args...))
	err = root.Execute()
	return results.String(), progress.String(), err
}

func TestBenchPrintsTables(t *testing.T) {
	text, progress, err := bench("--isa", "portable,reference", "--threads", "1,2")
	if err != nil && strings.Contains(err.Error(), "without cgo") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"portable", "reference", "verified", "OF ONE THREAD", "OTHERS HAD", "A SEED'S CHAIN"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	// Whoever waits for it sees that it works.
	if progress != "round 1 of 1, turn 1 of 2: portable\nround 1 of 1, turn 2 of 2: reference\n" || strings.Contains(strings.ToLower(text), "aim") {
		t.Errorf("progress %q beside\n%s", progress, text)
	}
}

func TestBenchPrintsJSON(t *testing.T) {
	text, _, err := bench("--isa", "reference", "--threads", "1", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var report compute.BenchReport
	if err := json.Unmarshal([]byte(text), &report); err != nil || len(report.Results) != 1 || !report.Results[0].Verified {
		t.Errorf("%v in %s", err, text)
	}
}

func TestBenchRefusesFlags(t *testing.T) {
	for flag, value := range map[string]string{"--isa": "mmx", "--threads": "0"} {
		if _, _, err := bench(flag, value); err == nil || !strings.Contains(err.Error(), "flag "+flag+": value") {
			t.Errorf("%s %s: %v", flag, value, err)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/compute"
)

// bench runs the command for as short as it can be.
func bench(args ...string) (string, error) {
	var out bytes.Buffer
	root := newRoot(&out, io.Discard)
	root.SetArgs(append([]string{"bench", "--rounds", "1", "--turn", "1ms", "--compare=false"}, args...))
	err := root.Execute()
	return out.String(), err
}

func TestBenchPrintsTables(t *testing.T) {
	text, err := bench("--isa", "portable,reference", "--threads", "1,2")
	if err != nil && strings.Contains(err.Error(), "without cgo") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"portable", "reference", "verified", "OF ONE THREAD", "AT LEAST"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}

func TestBenchPrintsJSON(t *testing.T) {
	text, err := bench("--isa", "reference", "--threads", "1", "--json")
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
		if _, err := bench(flag, value); err == nil || !strings.Contains(err.Error(), "flag "+flag+": value") {
			t.Errorf("%s %s: %v", flag, value, err)
		}
	}
}

// TestAims looks at figures where a kernel is, is not, and was not measured alone.
func TestAims(t *testing.T) {
	var out bytes.Buffer
	printAims(&out, compute.BenchReport{Results: []compute.BenchResult{{
		Name: "avx2", SeedRatio: 2.25, VerifyRatio: 41,
		Peaks:   []compute.BenchPeak{{Name: "vpmaddubsw", Part: 0.9}, {Name: "vpmaddwd", Part: 1.25}},
		Threads: []compute.BenchThread{{Threads: 1, Scaling: 1}, {Threads: 4, Scaling: 0.98}},
	}, {Name: "bytom", SeedRatio: 1}}})
	for _, row := range []string{
		"of its core's tdpbssd peak\tamx\t-\t0.65\t0.8",
		"of its core's vpmaddwd peak\tavx2\t1.25\t0.92\t1",
		"seed expansion × Bytom's Go\tavx2\t2.25\t2.5\t3.5",
		"most threads against as many times one\tavx2\t0.98\t0.97\t0.97",
	} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no %q in\n%s", row, &out)
		}
	}
}

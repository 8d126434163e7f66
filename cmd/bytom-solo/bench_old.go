package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/bytom-solo/bytom-solo/cmd/bytom-solo/table"
	"github.com/bytom-solo/bytom-solo/compute"
	"github.com/bytom-solo/bytom-solo/compute/cpu"
)

// benchOld has another build and this one measure themselves in turns, a round each, and
// prints what became of each figure. A build that finds a wrong hash of its own ends it.
func benchOld(ctx context.Context, out, terminal io.Writer, config benchConfig) error {
	if config.devices != "" {
		return usage(errors.New("flag --old: not with --devices"))
	}
	if err := cpu.CheckContestants(config.isa); err != nil {
		return fmt.Errorf("flag --isa: %w", err)
	}
	own, err := os.Executable()
	if err != nil {
		return err
	}
	rows, err := benchInTurns(ctx, terminal, [2]string{config.old, own}, config)
	if err != nil {
		return err
	}
	if config.asJSON {
		return printJSON(out, rows)
	}
	return table.BenchOld(out, rows, config.bench.Rounds)
}

// benchInTurns holds the second program against the first.
func benchInTurns(ctx context.Context, terminal io.Writer, programs [2]string, config benchConfig) ([]compute.BenchChange, error) {
	var reports [2][]compute.BenchReport
	for round := range config.bench.Rounds {
		for turn := range programs {
			i := (turn + round) % 2 // what follows what evens out
			fmt.Fprintf(terminal, "round %d of %d, turn %d of 2: %s\n", round+1, config.bench.Rounds, turn+1, programs[i])
			report, err := benchOf(ctx, programs[i], config)
			if err != nil {
				return nil, err
			}
			reports[i] = append(reports[i], report)
		}
	}
	return compute.CompareBenches(reports[0], reports[1]), nil
}

// benchOf is one round of a build's.
func benchOf(ctx context.Context, program string, config benchConfig) (report compute.BenchReport, err error) {
	threads := strings.Trim(strings.ReplaceAll(fmt.Sprint(config.bench.Threads), " ", ","), "[]")
	cmd := exec.CommandContext(ctx, program, "bench", "--json", "--rounds", "1", "--turn", config.bench.Turn.String(),
		"--isa", strings.Join(config.isa, ","), "--threads", threads, fmt.Sprintf("--compare=%v", config.compare))
	var said bytes.Buffer
	cmd.Stderr = &said
	text, err := cmd.Output()
	if err != nil {
		return report, fmt.Errorf("benchmark by %s: %w: %s", program, err, bytes.TrimSpace(said.Bytes()))
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return report, fmt.Errorf("benchmark by %s: it prints no report: %w", program, err)
	}
	for _, r := range report.Results {
		if !r.Verified {
			return report, fmt.Errorf("benchmark by %s: kernel %s has not verified its hashes", program, r.Name)
		}
	}
	return report, nil
}

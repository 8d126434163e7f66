package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/bytom-solo/bytom-solo/testnet"
)

// stepDone is the result of a step of a scenario.
type stepDone struct {
	Line    int             `json:"line"`
	Step    string          `json:"step"`
	Seconds float64         `json:"seconds"`
	Output  json.RawMessage `json:"output,omitempty"`
	Error   string          `json:"error,omitempty"`
}

func (l *localNetwork) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Run a scenario file, or one that comes with this program: " + strings.Join(testnet.ShippedScenarios(), ", "),
		Long: `Run a scenario file, or one of that name that comes with this program.

A scenario has a name and steps. Each step is a command line of 'testnet', as in
'mine 3 --node 0' or 'assert tip-equal --wait 30s'. The first one that fails ends the
scenario, and the network ends with it in any case. Without --dir the network has a
directory of its own, which is removed.`,
		Example: "  bytom-solo testnet run race",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			scenario, err := testnet.ReadScenario(args[0])
			if err != nil {
				return err
			}
			dir, down := l.dir, []string{"down"}
			if !cmd.Flags().Changed("dir") {
				root, err := os.MkdirTemp("", "bytom-testnet-")
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, os.RemoveAll(root)) }()
				dir, down = filepath.Join(root, "testnet"), []string{"down", "--clean"}
			}
			defer func() {
				_, downErr := runStep(context.WithoutCancel(cmd.Context()), dir, down)
				err = errors.Join(err, downErr)
			}()
			return l.runSteps(cmd, scenario, dir)
		},
	}
}

// runSteps runs a scenario's steps until one fails.
func (l *localNetwork) runSteps(cmd *cobra.Command, s *testnet.Scenario, dir string) error {
	out := cmd.OutOrStdout()
	done := []stepDone{}
	var failed error
	for _, step := range s.Steps {
		start := time.Now()
		args := step.Args
		if l.asJSON {
			args = append([]string{"--json"}, args...)
		} else {
			fmt.Fprintf(out, "%d: %s\n", step.Line, step.Text)
		}
		text, err := runStep(cmd.Context(), dir, args)
		d := stepDone{Line: step.Line, Step: step.Text, Seconds: time.Since(start).Seconds()}
		if l.asJSON && json.Valid(text) {
			d.Output = text
		}
		if err != nil {
			d.Error = err.Error()
			failed = fmt.Errorf("%s, line %d: %s: %w", s.Name, step.Line, step.Text, err)
		}
		done = append(done, d)
		if !l.asJSON {
			printStep(out, d, text)
		}
		if failed != nil {
			break
		}
	}
	if !l.asJSON {
		return failed
	}
	return errors.Join(failed, printJSON(out, map[string]any{"name": s.Name, "ok": failed == nil, "steps": done}))
}

// printStep prints what a step said, indented.
func printStep(out io.Writer, d stepDone, text []byte) {
	for line := range bytes.Lines(text) {
		fmt.Fprintf(out, "    %s", line)
	}
	fmt.Fprintf(out, "    %.1f s\n", d.Seconds)
}

// runStep runs a command line of 'testnet' in this process. Its nodes end with it.
func runStep(ctx context.Context, dir string, args []string) ([]byte, error) {
	if args[0] == "run" {
		return nil, errors.New("a scenario can't run another")
	}
	var out bytes.Buffer
	cmd := newTestnetCommand(true)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	strict(cmd)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"--dir", dir}, args...))
	err := cmd.ExecuteContext(ctx)
	return out.Bytes(), err
}

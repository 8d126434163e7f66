package testnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// daemon is a program with a home of its own, as a process: a node or a front.
type daemon struct {
	// Home is the data directory.
	Home string `json:"home"`
	// LogPath is the file of what it writes to its terminal.
	LogPath string `json:"log"`
	// URL is of a node's RPC, of a front's page and figures.
	URL string `json:"url"`
	// Program and Args are what runs.
	Program string   `json:"program"`
	Args    []string `json:"args,omitempty"`
	Process process  `json:"process"`

	// Of a process that was started by this one:
	exited  chan struct{}
	exitErr error
}

// launch starts the program; with dies, until this process ends at the latest. It holds the place
// where it is.
func (d *daemon) launch(args, env []string, at *place, dies bool) error {
	if err := os.MkdirAll(d.Home, 0o700); err != nil {
		return err
	}
	log, err := os.OpenFile(d.LogPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	cmd := exec.Command(d.Program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{at.lock}
	if d.Process, err = spawn(cmd, dies); err != nil {
		return errors.Join(err, log.Close())
	}
	exited := make(chan struct{})
	d.exited = exited
	go func() {
		d.exitErr = errors.Join(cmd.Wait(), log.Close())
		close(exited)
	}()
	return nil
}

// answers waits until ask is nil, or the process has ended.
func (d *daemon) answers(ctx context.Context, name string, limit time.Duration, ask func() error) error {
	var ended error
	err := Poll(ctx, limit, func() error {
		if !d.Running() {
			ended = fmt.Errorf("%s ended at its start: %v\n%s", name, d.exitErr, d.logEnd(4000))
			return nil
		}
		return ask()
	})
	return errors.Join(err, ended)
}

// Running reports whether the process lives.
func (d *daemon) Running() bool {
	if d.exited == nil {
		return d.Process.alive()
	}
	select {
	case <-d.exited:
		return false
	default:
		return true
	}
}

// stop ends the process: as an operator would, but as a power cut would after grace.
func (d *daemon) stop(ctx context.Context, grace time.Duration) error {
	err := d.Process.end(ctx, grace)
	if err == nil && d.exited != nil {
		<-d.exited
	}
	return err
}

// kill ends the process as a power cut would.
func (d *daemon) kill() error {
	err := d.Process.kill()
	if err == nil && d.exited != nil {
		<-d.exited
	}
	return err
}

// Log is what the program wrote to its terminal.
func (d *daemon) Log() string {
	raw, err := os.ReadFile(d.LogPath)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// logEnd is the end of what the program wrote, of so many bytes.
func (d *daemon) logEnd(size int) []byte {
	log := []byte(d.Log())
	return bytes.TrimSpace(log[max(0, len(log)-size):])
}

// errorLines are the lines of the log that report a fault of the program's own.
func (d *daemon) errorLines() (bad []string) {
	for line := range strings.Lines(d.Log()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic:") {
			bad = append(bad, line)
		}
	}
	return bad
}

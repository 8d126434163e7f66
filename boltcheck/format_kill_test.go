//go:build linux || darwin

package boltcheck

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// killer is a handler of logs that ends the process, as nothing else can be told of.
type killer struct{ slog.Handler }

func (killer) Handle(context.Context, slog.Record) error { return killSelf(nil) }

func killSelf(*bolt.Tx) error { return syscall.Kill(os.Getpid(), syscall.SIGKILL) }

// TestFormatKilled kills a process while it copies a file of an older format, while it changes
// it, before that is written and after it: the file is of one format, whole, and so is its copy.
func TestFormatKilled(t *testing.T) {
	const child = "BYTOM_SOLO_TEST_FORMAT_PATH"
	if path := os.Getenv(child); path != "" {
		f, log := threeFormats(), slog.New(slog.DiscardHandler)
		switch os.Getenv("BYTOM_SOLO_TEST_FORMAT_KILL") {
		case "changing":
			f.Steps[0] = func(tx *bolt.Tx) error { return errors.Join(moveToNew(tx), killSelf(tx)) }
		case "changed":
			f.Create = killSelf
		case "written":
			log = slog.New(killer{slog.NewTextHandler(io.Discard, nil)})
		}
		db, err := Open(path, Options{})
		if err == nil {
			err = f.Prepare(db, log)
		}
		t.Fatal("not killed:", err)
	}
	for _, c := range []struct {
		at     string
		format byte
		copied bool
	}{{"copying", 1, false}, {"changing", 1, true}, {"changed", 1, true}, {"written", 3, true}} {
		t.Run(c.at, func(t *testing.T) {
			path := oldFile(t)
			edit(t, path, putIn([]byte("more"), "a", strings.Repeat("more than a pipe takes", 10_000)))
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFormatKilled$")
			cmd.Env = append(os.Environ(), child+"="+path, "BYTOM_SOLO_TEST_FORMAT_KILL="+c.at)
			var err error
			if c.at == "copying" {
				err = killAtTheCopy(t, cmd, copyPath(path, 1)+".part")
			} else {
				err = cmd.Run()
			}
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
				t.Fatalf("it was not killed: %v", err)
			}
			want := map[byte]string{1: oldEntries, 3: newEntries}[c.format]
			if format, entries := contents(t, path); format != c.format || entries != want {
				t.Errorf("format %d, %s", format, entries)
			}
			if _, err := os.Stat(copyPath(path, 1)); errors.Is(err, fs.ErrNotExist) == c.copied {
				t.Errorf("the copy: %v", err)
			}
			if _, err := prepare(t, threeFormats(), path); err != nil {
				t.Fatal(err)
			}
			if format, entries := contents(t, path); format != 3 || entries != newEntries {
				t.Errorf("then: format %d, %s", format, entries)
			}
			if format, entries := contents(t, copyPath(path, 1)); format != 1 || entries != oldEntries {
				t.Errorf("the copy: format %d, %s", format, entries)
			}
			if files := beside(t, path); len(files) != 2 {
				t.Errorf("%q", files)
			}
		})
	}
}

// killAtTheCopy kills a process that has written a part of the copy: it writes into a pipe,
// whose place then has that part.
func killAtTheCopy(t *testing.T, cmd *exec.Cmd, part string) error {
	t.Helper()
	if err := syscall.Mkfifo(part, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.Open(part)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	begin := make([]byte, 4096)
	if _, err := io.ReadFull(pipe, begin); err != nil {
		t.Fatal(err)
	}
	err = errors.Join(cmd.Process.Kill(), cmd.Wait())
	if bytes.Count(begin, []byte{0}) == len(begin) {
		t.Error("it has written nothing of the copy")
	}
	if err := errors.Join(os.Remove(part), os.WriteFile(part, begin, 0o600)); err != nil {
		t.Fatal(err)
	}
	return err
}

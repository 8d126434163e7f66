package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Programs of the stock module that run beside ours.
const (
	StockNode   = "bytomd"
	StockClient = "bytomcli"
	StockMiner  = "miner"
)

// built are the programs whose paths are known. They are tools of this module's
// go.mod, built by the go command and kept in its cache.
var built = struct {
	sync.Mutex
	paths map[string]string
}{paths: make(map[string]string)}

// Build builds a tool of this module, where the working directory is within it, and
// returns its path.
func Build(ctx context.Context, name string) (string, error) {
	return buildOnce(ctx, name, func() (string, error) { return goSays(ctx, "tool", "-n", name) })
}

// simulatedTags are those of a build for tests, which can be a node with an engine, too.
const simulatedTags = "-tags=simulated,engine"

// buildSimulated is Build of our own program with these tags, which `go tool` has no flag for. `go run`
// keeps what it links in the go command's cache, too, but tells where from the second time on: what
// it tells at first is gone when it ends. Each call costs a second of a core.
func buildSimulated(ctx context.Context) (string, error) {
	return buildOnce(ctx, "simulated", func() (path string, err error) {
		for range 2 {
			path, err = goSays(ctx, "run", simulatedTags, "-exec=echo", "github.com/bytom-solo/bytom-solo/cmd/bytom-solo")
			if err == nil {
				_, err = os.Stat(path)
			}
			if err == nil {
				break
			}
		}
		return path, err
	})
}

func buildOnce(ctx context.Context, name string, build func() (path string, err error)) (string, error) {
	built.Lock()
	defer built.Unlock()
	if path, ok := built.paths[name]; ok {
		return path, nil
	}
	release, err := lockBuilds(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	path, err := build()
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	built.paths[name] = path
	return path, nil
}

// goSays is what the go command prints.
func goSays(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", args...).Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w\n%s", err, e.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// lockBuilds waits until no other process builds a tool, and returns what lets the next
// one begin: packages of tests that run side by side would each link the same program.
// Where there are no locks nobody waits.
func lockBuilds(ctx context.Context) (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "bytom-solo-build.lock"), os.O_RDONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock builds: %w", err)
	}
	err = Poll(ctx, 5*time.Minute, func() error {
		if free, err := tryLock(f); err == nil && !free {
			return fmt.Errorf("another process builds: it has locked %s", f.Name())
		}
		return nil
	})
	return func() { _ = f.Close() }, err
}

// Stock is the path of a program of the stock module.
func Stock(t testing.TB, name string) string {
	t.Helper()
	path, err := Build(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Solo is the path of our own program: the one that the environment's BYTOM_SOLO
// names, else a build of this module.
func Solo(t testing.TB) string {
	t.Helper()
	path := os.Getenv("BYTOM_SOLO")
	if path == "" {
		readSources()
		return Stock(t, "bytom-solo")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// Simulated is the path of a build of our own program for tests, whose hash is
// compute.Simulated: its networks make blocks in a moment, and no stock node takes them. It has
// the engine for fronts built in.
func Simulated(t testing.TB) string {
	t.Helper()
	readSources()
	path, err := buildSimulated(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// readSources lists the folder of our program's package main, if the working directory is
// within this module, for the sake of `go test`: it shows an earlier result until something
// changes that the test imports, which a package main can't be, or reads.
func readSources() {
	for dir, up := ".", 0; up < 8; dir, up = filepath.Join(dir, ".."), up+1 {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			_, _ = os.ReadDir(filepath.Join(dir, "cmd", "bytom-solo")) // Another module has none.
			return
		}
	}
}

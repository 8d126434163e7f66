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
	built.Lock()
	defer built.Unlock()
	if path, ok := built.paths[name]; ok {
		return path, nil
	}
	out, err := exec.CommandContext(ctx, "go", "tool", "-n", name).Output()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w\n%s", err, e.Stderr)
	}
	if err != nil {
		return "", fmt.Errorf("build %s: %w", name, err)
	}
	built.paths[name] = strings.TrimSpace(string(out))
	return built.paths[name], nil
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
		return Stock(t, "bytom-solo")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

package testnet

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Programs of the stock module that tests run beside ours.
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

// program builds a tool of this module and returns its path.
func program(t testing.TB, name string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if path, ok := built.paths[name]; ok {
		return path
	}
	cmd := exec.Command("go", "tool", "-n", name)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("build %s: %v", name, describe(err))
	}
	built.paths[name] = strings.TrimSpace(string(out))
	return built.paths[name]
}

// describe adds what a failed command wrote to stderr.
func describe(err error) error {
	if e, ok := err.(*exec.ExitError); ok {
		return fmt.Errorf("%w\n%s", err, e.Stderr)
	}
	return err
}

// Stock is the path of a program of the stock module.
func Stock(t testing.TB, name string) string {
	t.Helper()
	return program(t, name)
}

// Solo is the path of our own program: the one that the environment's BYTOM_SOLO
// names, else a build of this module.
func Solo(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("BYTOM_SOLO"); path != "" {
		abs, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		return abs
	}
	return program(t, "bytom-solo")
}

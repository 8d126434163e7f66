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

// Programs that tests run beside ours, from the stock module.
const (
	StockNode   = "bytomd"
	StockClient = "bytomcli"
	StockMiner  = "miner"
)

// stockPath builds a program of the stock module once and keeps it in Go's build
// cache.
var stockPath = func() func(name string) (string, error) {
	var mu sync.Mutex
	paths := make(map[string]string)
	return func(name string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		if p, ok := paths[name]; ok {
			return p, nil
		}
		out, err := exec.Command("go", "tool", "-n", name).Output()
		if err != nil {
			return "", fmt.Errorf("build %s: %w", name, describe(err))
		}
		paths[name] = strings.TrimSpace(string(out))
		return paths[name], nil
	}
}()

// soloPath builds our own program once a process. BYTOM_SOLO names one that is
// built already.
var soloPath = sync.OnceValues(func() (string, error) {
	if p := os.Getenv("BYTOM_SOLO"); p != "" {
		return filepath.Abs(p)
	}
	dir, err := os.MkdirTemp("", "bytom-solo-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bytom-solo")
	out, err := exec.Command("go", "build", "-o", path, "github.com/bytom-solo/bytom-solo/cmd/bytom-solo").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build bytom-solo: %w\n%s", err, out)
	}
	return path, nil
})

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
	path, err := stockPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Solo is the path of our own program.
func Solo(t testing.TB) string {
	t.Helper()
	path, err := soloPath()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

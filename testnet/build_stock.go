package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// simulatedAlgorithm stands in for Bytom's own Tensority: it is compute.Simulated.
const simulatedAlgorithm = `package go_algorithm

import (
	"golang.org/x/crypto/sha3"

	"github.com/bytom/bytom/protocol/bc"
)

func LegacyAlgorithm(bh, seed *bc.Hash) *bc.Hash {
	h := bc.NewHash(sha3.Sum256(append(seed.Bytes(), bh.Bytes()...)))
	return &h
}
`

// SimulatedStock is the path of a build of the stock node of which nothing but the hash is ours, so
// that it is on a network with Simulated nodes. The go command replaces no file of a module that it
// has fetched, so the module is copied, and the copy kept beside the go command's cache.
func SimulatedStock(t testing.TB) string {
	t.Helper()
	path, err := buildOnce(t.Context(), "simulated stock", func() (string, error) { return buildSimulatedStock(t.Context()) })
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func buildSimulatedStock(ctx context.Context) (path string, err error) {
	const module = "github.com/bytom/bytom"
	from, err := goSays(ctx, "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return "", err
	}
	own, err := goSays(ctx, "list", "-m", "-f", "{{.GoMod}}")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "bytom-solo-tests", "stock-"+filepath.Base(from))
	source := filepath.Join(dir, "source")
	if err := copyStock(from, source, module); err != nil {
		return "", err
	}
	for name, old := range map[string]string{"go.mod": own, "go.sum": strings.TrimSuffix(own, "go.mod") + "go.sum"} {
		text, err := os.ReadFile(old)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return "", err
		}
	}
	file := filepath.Join(dir, "go.mod")
	path = filepath.Join(dir, StockNode)
	if _, err := goSays(ctx, "mod", "edit", "-replace", module+"="+source, file); err != nil {
		return "", err
	}
	_, err = goSays(ctx, "build", "-modfile", file, "-o", path, module+"/cmd/"+StockNode)
	return path, err
}

// copyStock copies Bytom's module, and replaces the hash in it. Files that are as they were keep
// their times, so that nothing is compiled twice.
func copyStock(from, to, module string) error {
	marker := filepath.Join(to, "go.mod")
	if _, err := os.Stat(marker); err == nil {
		return nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := errors.Join(os.RemoveAll(to), os.CopyFS(to, os.DirFS(from))); err != nil {
		return fmt.Errorf("copy %s: %w", module, err)
	}
	hash := filepath.Join(to, "mining", "tensority", "go_algorithm")
	if err := os.RemoveAll(hash); err != nil {
		return err
	}
	if err := os.Mkdir(hash, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(hash, "algorithm.go"), []byte(simulatedAlgorithm), 0o600); err != nil {
		return err
	}
	return os.WriteFile(marker, []byte("module "+module+"\n"), 0o600)
}

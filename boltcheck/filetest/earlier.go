// Package filetest is for tests of the files that the node keeps: it has those that earlier
// versions left, and a full disk.
package filetest

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Earlier has a test use the file of a name that each earlier version left, those of
// testdata/formats: a copy in a folder "mining" of its own, beside the others that it left, with
// the hashes of the blocks that were found meanwhile, in hexadecimal, the lowest first.
func Earlier(t *testing.T, name string, use func(t *testing.T, path string, blocks []string)) {
	t.Helper()
	versions, err := filepath.Glob(filepath.Join(root(t), "testdata", "formats", "*", name+".gz"))
	if err != nil || len(versions) == 0 {
		t.Fatalf("no earlier version left a %s: %v", name, err)
	}
	for _, packed := range versions {
		from := filepath.Dir(packed)
		t.Run(filepath.Base(from), func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "mining")
			if err := unpackAll(from, to); err != nil {
				t.Fatal(err)
			}
			blocks, err := blocksOf(from)
			if err != nil || len(blocks) == 0 {
				t.Fatalf("blocks.txt names no block: %v", err)
			}
			use(t, filepath.Join(to, name), blocks)
		})
	}
}

func blocksOf(from string) (hashes []string, err error) {
	raw, err := os.ReadFile(filepath.Join(from, "blocks.txt"))
	for line := range strings.Lines(string(raw)) {
		if _, hash, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			hashes = append(hashes, hash)
		}
	}
	return hashes, err
}

func unpackAll(from, to string) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(from, "*.gz"))
	for _, file := range files {
		err = errors.Join(err, unpack(file, filepath.Join(to, strings.TrimSuffix(filepath.Base(file), ".gz"))))
	}
	return err
}

// root is the folder of the module.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("there is no go.mod above the working directory")
		}
	}
}

func unpack(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(unpacked)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o600)
}

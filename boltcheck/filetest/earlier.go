// Package filetest is for tests of the files that the node keeps: it has those that earlier
// versions left, and a full disk.
package filetest

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Earlier has a test use the file of a name that each earlier version left, those of
// testdata/formats: a copy in a folder of its own, with the hashes of the blocks that were
// found meanwhile, in hexadecimal.
func Earlier(t *testing.T, name string, use func(t *testing.T, path string, blocks []string)) {
	t.Helper()
	packed, err := filepath.Glob(filepath.Join(root(t), "testdata", "formats", "*", name+".gz"))
	if err != nil || len(packed) == 0 {
		t.Fatalf("no earlier version left a %s: %v", name, err)
	}
	for _, from := range packed {
		t.Run(filepath.Base(filepath.Dir(from)), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			if err := unpack(from, path); err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(filepath.Join(filepath.Dir(from), "blocks.txt"))
			if err != nil {
				t.Fatal(err)
			}
			var blocks []string
			for line := range strings.Lines(string(raw)) {
				if _, hash, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
					blocks = append(blocks, hash)
				}
			}
			if len(blocks) == 0 {
				t.Fatal("blocks.txt names no block")
			}
			use(t, path, blocks)
		})
	}
}

// root is the folder of the module.
func root(t *testing.T) string {
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

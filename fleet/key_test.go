package fleet

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestOpenKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mining", "fleet.key")
	first, err := OpenKey(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if first.Public() != again.Public() {
		t.Errorf("key %v, then %v", first.Public(), again.Public())
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("mode %v, expected %v", mode, fs.FileMode(0o600))
	}
	if all, err := filepath.Glob(path + ".*"); err != nil || len(all) != 0 {
		t.Errorf("%v left beside the key, %v", all, err)
	}
	for _, text := range []string{"", "00", strings.Repeat("zz", 32), strings.Repeat("00", 33)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKey(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "expected 64") {
			t.Errorf("file with %q: %v, expected its path and what is expected", text, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != text {
			t.Errorf("the file %q has become %q, %v", text, after, err)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	key := NewKey().Public()
	if got, err := ParsePublicKey(key.String()); err != nil || got != key {
		t.Errorf("%v, %v, expected %v", got, err, key)
	}
	for _, text := range []string{"", "xyz", key.String()[:62], key.String() + "00"} {
		if _, err := ParsePublicKey(text); err == nil || !strings.Contains(err.Error(), "expected 64") {
			t.Errorf("%q: %v, expected what is expected", text, err)
		}
	}
}

package node

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// writeBackup makes a folder with a file of that content.
func writeBackup(t *testing.T, folder, content string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "books"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func readBackup(t *testing.T, folder string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, "books"))
	if err != nil {
		t.Error(err)
	}
	return string(raw)
}

// TestAlwaysABackup: the last backup can't be deleted, as somebody else has put something into it, or the process ends while the new one takes its
// place. There is a whole one at any time, in its place again at the next try.
func TestAlwaysABackup(t *testing.T) {
	home := t.TempDir()
	done, fresh := filepath.Join(home, "backup"), filepath.Join(home, "backup.new")
	writeBackup(t, done, "1")
	writeBackup(t, fresh, "2")
	if err := replaceFolder(done, fresh); err != nil || readBackup(t, done) != "2" {
		t.Fatal(err)
	}
	// A kill in between has left the last one beside its place, and the new one too.
	if err := os.Rename(done, done+".old"); err != nil {
		t.Fatal(err)
	}
	writeBackup(t, fresh, "3")
	if err := beginFolder(done, fresh); err != nil || readBackup(t, done) != "2" {
		t.Errorf("the last one is not put back: %v", err)
	}
	if _, err := os.Stat(fresh); err == nil {
		t.Error("a part of a backup is left")
	}
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("nothing is kept from being deleted here")
	}
	theirs := filepath.Join(done, "a note")
	writeBackup(t, theirs, "")
	if err := os.Chmod(theirs, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, folder := range []string{done, done + ".old"} {
			_ = os.Chmod(filepath.Join(folder, "a note"), 0o700)
		}
	})
	writeBackup(t, fresh, "3")
	if err := replaceFolder(done, fresh); err != nil || readBackup(t, done) != "3" {
		t.Errorf("the new one is not in its place: %v", err)
	}
	if err := beginFolder(done, fresh); err == nil || readBackup(t, done) != "3" {
		t.Errorf("the next one: %v, expected what can't be deleted", err)
	}
}

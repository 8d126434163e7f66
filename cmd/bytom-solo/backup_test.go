package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bytom-solo/bytom-solo/node"
)

// TestABackupThatIsNotToBeRead says which folder it is and what to do, and leaves nothing behind.
func TestABackupThatIsNotToBeRead(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	from := filepath.Join(home, "backup")
	check := func(kind error, says string) {
		t.Helper()
		to := filepath.Join(t.TempDir(), "to", "copy")
		_, err := copyBackup(node.Backup{Folder: from}, to)
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), from) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, expected one about %s that says %q", err, from, says)
		}
		if _, err := os.Stat(filepath.Dir(to)); err == nil {
			t.Error("it has made a folder")
		}
	}
	check(fs.ErrNotExist, "the node's own machine")
	if err := os.MkdirAll(from, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(home, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(home, 0o700) })
	if files, err := os.ReadDir(from); err == nil {
		t.Skipf("this user may read everything: %v", files)
	}
	check(fs.ErrPermission, "sudo -u bytom-solo")
}

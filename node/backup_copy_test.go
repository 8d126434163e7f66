package node

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestACopyIsWholeOrNone: a backup's copy has its name once it is whole, is for its owner's eyes alone, and leaves nothing behind where
// it fails.
func TestACopyIsWholeOrNone(t *testing.T) {
	home := t.TempDir()
	b := Backup{Folder: filepath.Join(home, "backup"), Files: []BackupFile{{"mining/journal.db", 3}, {"config.toml", 2}}}
	for name, content := range map[string]string{"mining/journal.db": "abc", "config.toml": "de", "mining/other": "f"} {
		path := filepath.Join(b.Folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shelf := t.TempDir()
	to := filepath.Join(shelf, "today")
	if err := b.CopyTo(to); err != nil {
		t.Fatal(err)
	}
	var names []string
	if err := filepath.WalkDir(to, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, expected one for its owner's eyes alone", path, info.Mode())
		}
		if name, _ := filepath.Rel(to, path); !entry.IsDir() {
			names = append(names, filepath.ToSlash(name))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names, " "); got != "config.toml mining/journal.db" {
		t.Errorf("copied %s", got)
	}
	if raw, err := os.ReadFile(filepath.Join(to, "mining", "journal.db")); err != nil || string(raw) != "abc" {
		t.Errorf("%q, %v", raw, err)
	}
	for says, files := range map[string][]BackupFile{
		"mining/journal.db: it has 3 bytes, expected 4": {{"config.toml", 2}, {"mining/journal.db", 4}},
		"another backup has taken this one's place":     {{"config.toml", 2}, {"mining/payouts.db", 4}},
		"expected one within the backup":                {{"config.toml", 2}, {"../rpc.cookie", 4}},
	} {
		err := Backup{b.Folder, files}.CopyTo(filepath.Join(shelf, "tomorrow"))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, expected %q", err, says)
		}
	}
	if err := b.CopyTo(to); err == nil {
		t.Error("it is copied over another one")
	}
	if left, err := os.ReadDir(shelf); err != nil || len(left) != 1 {
		t.Errorf("%v, %v, expected today's alone", left, err)
	}
}

// TestACopyIsOfOneBackup: another backup takes the place of the one that is copied.
func TestACopyIsOfOneBackup(t *testing.T) {
	done, fresh := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "backup.new")
	writeBackup(t, done, "1")
	writeBackup(t, fresh, "2")
	source, err := os.OpenRoot(done)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	if err := os.Rename(done, done+".old"); err != nil {
		t.Skipf("nobody can be in the way here: %v", err)
	}
	if err := os.Rename(fresh, done); err != nil {
		t.Fatal(err)
	}
	b, to := Backup{Files: []BackupFile{{"books", 1}}}, t.TempDir()
	if err := b.copyFiles(source, to); err != nil || readBackup(t, to) != "1" {
		t.Errorf("%v", err)
	}
	if err := os.RemoveAll(done + ".old"); err != nil {
		t.Fatal(err)
	}
	if err := b.copyFiles(source, t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

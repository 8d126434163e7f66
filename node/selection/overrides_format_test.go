package selection

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// TestOverridesOfEarlierVersions takes over what they wrote, the same of each.
func TestOverridesOfEarlierVersions(t *testing.T) {
	filetest.Earlier(t, "overrides.db", func(t *testing.T, path string, _ []string) {
		var log bytes.Buffer
		for range 2 {
			o, err := OpenOverrides(path, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			all := o.list()
			if len(all) != 1 || all[0].ID.String() != strings.Repeat("0", 63)+"7" || all[0].Override != (Override{250, true}) {
				t.Errorf("%+v", all)
			}
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := filepath.Glob(path + ".format-*")
		if err != nil || len(kept) > 1 || strings.Count(log.String(), "a copy of it is kept") != len(kept) {
			t.Errorf("%q, %v; the log: %s", kept, err, &log)
		}
		for _, copied := range kept {
			if !strings.Contains(log.String(), copied) {
				t.Errorf("the log: %s", &log)
			}
			o, err := OpenOverrides(copied, nil)
			if err != nil || len(o.list()) != 1 {
				t.Fatalf("the copy: %v", err)
			}
			_ = o.Close()
		}
	})
}

// TestOverridesOfANewerFormat are refused, with what to do, and stay as they are.
func TestOverridesOfANewerFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "o.db")
	o, err := OpenOverrides(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = o.db.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte{3}) })
	if err := errors.Join(err, o.Close()); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenOverrides(path, nil)
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "format is 3, of a newer version of this program; this one knows formats up to 2") {
		t.Errorf("%v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("it was changed: %v", err)
	}
}

package history

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck/filetest"
)

// TestHistoriesOfEarlierVersions goes on with what they wrote: no block is missing, nor the
// work that they took.
func TestHistoriesOfEarlierVersions(t *testing.T) {
	filetest.Earlier(t, "history.db", func(t *testing.T, path string, blocks []string) {
		var log bytes.Buffer
		for range 2 {
			h := Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
			latest, total := h.Blocks()
			known := make(map[string]Block)
			for _, b := range latest {
				known[b.Hash] = b
			}
			if uint64(len(known)) != total || !h.Saved() {
				t.Errorf("%d blocks of %d, saved %v", len(known), total, h.Saved())
			}
			effort := 0.0
			for _, id := range blocks {
				b := known[id]
				if effort += b.Effort; b.Height == 0 || b.At.IsZero() || !b.Measured {
					t.Errorf("block %s: %+v", id, b)
				}
			}
			if effort <= 0 {
				t.Errorf("all blocks took %v of the work of one", effort)
			}
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if files, err := filepath.Glob(path + "*"); err != nil || len(files) != 1 || log.Len() > 0 {
			t.Errorf("%q, %v; the log: %s", files, err, &log)
		}
	})
}

// TestHistoryOfANewerFormat: it is told, with what to do, and the file stays as it is.
func TestHistoryOfANewerFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h.db")
	h := Open(Config{Path: path})
	err := h.file.Update(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put([]byte("format"), []byte{2}) })
	if err != nil {
		t.Fatal(err)
	}
	_ = h.file.Close()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	h = Open(Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if h.Saved() || h.Flush() != nil || h.Close() != nil || !strings.Contains(log.String(), path) ||
		!strings.Contains(log.String(), "format is 2, of a newer version of this program; this one knows formats up to 1") {
		t.Errorf("the log: %s", &log)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("it was changed: %v", err)
	}
	if files, err := filepath.Glob(path + "*"); err != nil || len(files) != 1 {
		t.Errorf("%q, %v", files, err)
	}
}

package outbox

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// TestDamagedOutbox changes bytes of the file anywhere, or cuts its end off. What it has is what was
// added, with empty batches in the place of damaged ones; or it is set aside, and the log says so.
// What is added then is kept.
func TestDamagedOutbox(t *testing.T) {
	files := 32
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		files = 3000
	}
	path := filepath.Join(t.TempDir(), "outbox.db")
	o, err := Open(Config{Path: path})
	must(t, err)
	for n := range uint64(1500) {
		o.Add(entry(n), nil)
		if n%40 == 0 {
			must(t, o.write())
		}
	}
	must(t, o.Close())
	whole, err := os.ReadFile(path)
	must(t, err)
	aside, emptied := 0, 0
	for seed := range uint64(files) {
		random := rand.New(rand.NewPCG(seed, 1))
		broken := bytes.Clone(whole)
		switch seed % 4 {
		case 0:
			broken = broken[:random.IntN(len(broken))]
		case 1: // The pages that say where the others are.
			for range 1 + random.IntN(100) {
				broken[random.IntN(2*os.Getpagesize())] ^= byte(1 + random.IntN(255))
			}
		default:
			for range 1 + random.IntN(3) {
				broken[random.IntN(len(broken))] ^= byte(1 + random.IntN(255))
			}
		}
		set, empty := useDamaged(t, seed, broken)
		if set {
			aside++
		}
		if empty {
			emptied++
		}
	}
	t.Logf("%d of %d set aside, %d with empty batches", aside, files, emptied)
	if aside < files/6 || aside > files*5/6 || emptied == 0 {
		t.Errorf("%d of %d set aside, %d with empty batches", aside, files, emptied)
	}
}

func useDamaged(t *testing.T, seed uint64, file []byte) (aside, empty bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "outbox.db")
	must(t, os.WriteFile(path, file, 0o600))
	var log bytes.Buffer
	cfg := Config{Path: path, Log: slog.New(slog.NewTextHandler(&log, nil))}
	o, err := Open(cfg)
	if err != nil {
		if !slices.ContainsFunc([]string{"format", "bucket", "version"}, func(s string) bool { return strings.Contains(err.Error(), s) }) {
			t.Errorf("seed %d: %v", seed, err)
		}
		return true, false // It says that it is another's.
	}
	names, err := filepath.Glob(path + ".damaged-*")
	must(t, err)
	if told := strings.Contains(log.String(), "set aside"); told != (len(names) == 1) {
		t.Errorf("seed %d: set aside as %q, the log: %s", seed, names, &log)
	}
	next := uint64(0)
	for _, b := range kept(t, o) {
		if len(b.Entries) == 0 {
			empty = true
			next += 40
			continue
		}
		for i, e := range b.Entries {
			if i == 0 && empty {
				next = e.Work
			}
			if e.Work != next {
				t.Fatalf("seed %d: entry %d follows %d", seed, e.Work, next)
			}
			next++
		}
	}
	if told := strings.Contains(log.String(), "empty ones go in their places"); told != empty && len(names) == 0 {
		t.Errorf("seed %d: empty batches: %v, the log: %s", seed, empty, &log)
	}
	o.Add(entry(9999), func(err error) {
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	})
	must(t, o.Close())
	o, err = Open(cfg)
	must(t, err)
	if all := numbers(kept(t, o)); len(all) == 0 || all[len(all)-1] != 9999 {
		t.Errorf("seed %d: what was added is not there", seed)
	}
	must(t, o.Close())
	return len(names) == 1, empty
}

// TestOthersFilesAreLeftAlone: another kind of file, and one of a newer format.
func TestOthersFilesAreLeftAlone(t *testing.T) {
	for name, fill := range map[string]func(tx *bolt.Tx) error{
		"another": func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("rows")); return err },
		"newer": func(tx *bolt.Tx) error {
			b, err := tx.CreateBucket(metaBucket)
			if err == nil {
				err = b.Put([]byte("format"), []byte{9})
			}
			return err
		},
	} {
		path := filepath.Join(t.TempDir(), "outbox.db")
		db, err := bolt.Open(path, 0o600, nil)
		must(t, err)
		must(t, db.Update(fill))
		must(t, db.Close())
		before, err := os.ReadFile(path)
		must(t, err)
		if _, err := Open(Config{Path: path}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: it was changed: %v", name, err)
		}
	}
}

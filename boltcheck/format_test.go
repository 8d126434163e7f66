package boltcheck

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

var (
	oldBucket = []byte("old")
	newBucket = []byte("new")
)

// threeFormats: 1 has its entries in the bucket "old" and no mark, 2 has them in "new", 3 has
// the mark alone beside that.
func threeFormats() Format {
	return Format{
		Kind:   "list of tests",
		Bucket: newBucket,
		Create: func(tx *bolt.Tx) error {
			_, err := tx.CreateBucketIfNotExists(newBucket)
			return err
		},
		Steps: []func(*bolt.Tx) error{moveToNew, nil},
		Unmarked: func(tx *bolt.Tx) byte {
			if tx.Bucket(oldBucket) == nil {
				return 0
			}
			return 1
		},
	}
}

func moveToNew(tx *bolt.Tx) error {
	b, err := tx.CreateBucket(newBucket)
	if err != nil {
		return err
	}
	if err := tx.Bucket(oldBucket).ForEach(b.Put); err != nil {
		return err
	}
	return tx.DeleteBucket(oldBucket)
}

// edit changes a file of the test's own.
func edit(t *testing.T, path string, do func(*bolt.Tx) error) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(do), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// putIn adds an entry to a bucket.
func putIn(bucket []byte, key, value string) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		return b.Put([]byte(key), []byte(value))
	}
}

// oldFile is a file of format 1 with two entries.
func oldFile(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "f.db")
	edit(t, path, putIn(oldBucket, "a", "1"))
	edit(t, path, putIn(oldBucket, "b", "2"))
	return path
}

func prepare(t *testing.T, f Format, path string) (log string, err error) {
	t.Helper()
	db, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	err = f.Prepare(db, slog.New(slog.NewTextHandler(&text, nil)))
	return text.String(), errors.Join(err, db.Close())
}

// contents is a file's format, by threeFormats, and its entries.
func contents(t *testing.T, path string) (format byte, entries string) {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(func(tx *bolt.Tx) (err error) {
		if format, err = threeFormats().Of(tx); err != nil {
			return err
		}
		for _, name := range [][]byte{oldBucket, newBucket} {
			if b := tx.Bucket(name); b != nil {
				err = errors.Join(err, b.ForEach(func(key, value []byte) error {
					entries += string(name) + " " + string(key) + string(value) + " "
					return nil
				}))
			}
		}
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return format, entries
}

const (
	oldEntries = "old a1 old b2 "
	newEntries = "new a1 new b2 "
)

// TestFormatOfANewFile: it is marked, and there is nothing to copy.
func TestFormatOfANewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	for range 2 {
		if log, err := prepare(t, threeFormats(), path); err != nil || log != "" {
			t.Fatalf("%v, %s", err, log)
		}
		if format, entries := contents(t, path); format != 3 || entries != "" {
			t.Errorf("format %d, %s", format, entries)
		}
	}
	if files := beside(t, path); len(files) != 1 {
		t.Errorf("%q", files)
	}
}

// beside are a file and those whose names begin as its does.
func beside(t *testing.T, path string) []string {
	t.Helper()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestFormatIsChanged takes a file from the first format, and one from the second, to the
// newest: a copy is kept, and the log says where.
func TestFormatIsChanged(t *testing.T) {
	for from, path := range map[byte]string{1: oldFile(t), 2: oldFile(t)} {
		former, want := oldEntries, newEntries
		if from == 2 {
			two := threeFormats()
			two.Steps = two.Steps[:1]
			if _, err := prepare(t, two, path); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(copyPath(path, 1)); err != nil {
				t.Fatal(err)
			}
			former = newEntries
		}
		log, err := prepare(t, threeFormats(), path)
		if err != nil {
			t.Fatal(err)
		}
		kept := copyPath(path, from)
		if !strings.Contains(log, kept) || !strings.Contains(log, "format=3") || strings.Count(log, "\n") != 1 {
			t.Errorf("the log: %s", log)
		}
		if format, entries := contents(t, path); format != 3 || entries != want {
			t.Errorf("from %d: format %d, %s", from, format, entries)
		}
		if format, entries := contents(t, kept); format != from || entries != former {
			t.Errorf("the copy: format %d, %s", format, entries)
		}
		if files := beside(t, path); len(files) != 2 {
			t.Errorf("%q", files)
		}
		if log, err := prepare(t, threeFormats(), path); err != nil || log != "" {
			t.Errorf("once more: %v, %s", err, log)
		}
	}
}

// TestFormatIsRefused: a file of a newer format, or of something else, is not written to, and
// the error says what it is and what to do.
func TestFormatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*testing.T, string)
		want  []string
	}{
		"newer": {
			func(t *testing.T, path string) { edit(t, path, putIn(metaBucket, "format", "\x09")) },
			[]string{"format is 9", "formats up to 3", "start the newer version again", "restore a copy"},
		},
		"newer, with a copy": {
			func(t *testing.T, path string) {
				edit(t, path, putIn(metaBucket, "format", "\x09"))
				for _, format := range []byte{2, 3, 8} {
					if err := os.WriteFile(copyPath(path, format), nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			},
			[]string{"format is 9", "put the copy of before in its place", "f.db.format-3"},
		},
		"no number": {
			func(t *testing.T, path string) { edit(t, path, putIn(metaBucket, "format", "three")) },
			[]string{"format is 7468726565, expected 01 to 03"},
		},
		"zero": {
			func(t *testing.T, path string) { edit(t, path, putIn(metaBucket, "format", "\x00")) },
			[]string{"format is 00"},
		},
		"another kind": {
			func(t *testing.T, path string) {
				edit(t, path, func(tx *bolt.Tx) error { return tx.DeleteBucket(oldBucket) })
				edit(t, path, putIn([]byte("people"), "a", "b"))
			},
			[]string{"no list of tests", `"people"`},
		},
		"another kind, which says its format": {
			func(t *testing.T, path string) {
				edit(t, path, func(tx *bolt.Tx) error { return tx.DeleteBucket(oldBucket) })
				edit(t, path, putIn(metaBucket, "format", "\x03"))
			},
			[]string{`no list of tests: it has no bucket "new"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := oldFile(t)
			c.spoil(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			log, err := prepare(t, threeFormats(), path)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v: does not say %q", err, want)
				}
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) || log != "" {
				t.Errorf("the file was changed: %v, %s", err, log)
			}
		})
	}
}

// TestFormatStaysWhereAStepFails: whatever fails on the way, the file is what it was, and is
// changed the next time.
func TestFormatStaysWhereAStepFails(t *testing.T) {
	fails := errors.New("it fails")
	makeFolder := func(end string) func(t *testing.T, f *Format, path string) {
		return func(t *testing.T, _ *Format, path string) {
			if err := os.MkdirAll(filepath.Join(path+end, "x"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, f *Format, path string)
		want  string
	}{
		"no room for the copy": {makeFolder(".format-1.part"), "copy it to"},
		"no place of the copy": {makeFolder(".format-1"), "copy it to"},
		"the step": {func(_ *testing.T, f *Format, _ string) {
			f.Steps[0] = func(tx *bolt.Tx) error { return errors.Join(moveToNew(tx), fails) }
		}, "change its format from 1 to 3"},
		"the step after it": {func(_ *testing.T, f *Format, _ string) {
			f.Steps[1] = func(*bolt.Tx) error { return fails }
		}, "change its format from 1 to 3"},
		"new buckets": {func(_ *testing.T, f *Format, _ string) {
			f.Create = func(*bolt.Tx) error { return fails }
		}, "change its format from 1 to 3"},
	} {
		t.Run(name, func(t *testing.T) {
			path, f := oldFile(t), threeFormats()
			c.spoil(t, &f, path)
			log, err := prepare(t, f, path)
			if err == nil || !strings.Contains(err.Error(), c.want) || log != "" {
				t.Errorf("%v, %s", err, log)
			}
			if format, entries := contents(t, path); format != 1 || entries != oldEntries {
				t.Errorf("format %d, %s", format, entries)
			}
			for _, end := range []string{".format-1.part", ".format-1"} {
				if info, err := os.Stat(path + end); err == nil && info.IsDir() {
					if err := os.RemoveAll(path + end); err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := prepare(t, threeFormats(), path); err != nil {
				t.Fatal(err)
			}
			if format, entries := contents(t, path); format != 3 || entries != newEntries {
				t.Errorf("then: format %d, %s", format, entries)
			}
			if files := beside(t, path); len(files) != 2 {
				t.Errorf("%q", files)
			}
		})
	}
}

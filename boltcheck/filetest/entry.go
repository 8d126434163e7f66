package filetest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// LeftBy is a copy of the file of a name that a version left in testdata/formats.
func LeftBy(t testing.TB, version, name string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := unpack(filepath.Join(root(t), "testdata", "formats", version, name+".gz"), path); err != nil {
		t.Fatal(err)
	}
	return path
}

// FuzzEntries has a fuzzer put one entry, or another value for one, into a bbolt file that is
// alone in its folder, and use what came of it, which has the same path. The seeds are the first
// and the last entry of each bucket as they are.
func FuzzEntries(f *testing.F, path string, use func(t *testing.T, path string)) {
	f.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	if err := addEntries(f, path); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, bucket string, key, value []byte) {
		clear(t, filepath.Dir(path))
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if !putEntry(t, path, bucket, key, value) {
			return // bbolt takes no such entry.
		}
		use(t, path)
	})
}

// clear removes what the last run left beside the file.
func clear(t *testing.T, folder string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func addEntries(f *testing.F, path string) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			first, value := b.Cursor().First()
			f.Add(string(name), slices.Clone(first), slices.Clone(value))
			if last, value := b.Cursor().Last(); !bytes.Equal(last, first) {
				f.Add(string(name), slices.Clone(last), slices.Clone(value))
			}
			return nil
		})
	})
}

// putEntry stores an entry. It reports false where bbolt refuses it.
func putEntry(t *testing.T, path, bucket string, key, value []byte) bool {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, NoSync: true, NoGrowSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		if err != nil {
			return err
		}
		return b.Put(key, value)
	})
	if closing := db.Close(); closing != nil {
		t.Fatal(closing)
	}
	return err == nil
}

// Text is what was asked for as JSON. It ends the test where there was an error, or where there is no
// such text.
func Text(t *testing.T, what string, v any, err error) string {
	t.Helper()
	text, failed := json.Marshal(v)
	if err != nil || failed != nil {
		t.Fatalf("%s: %v, %v", what, err, failed)
	}
	return string(text)
}

// SameTexts fails where two lists of texts differ, and says around where.
func SameTexts(t *testing.T, was, again []string) {
	t.Helper()
	if len(was) != len(again) {
		t.Errorf("%d texts came again as %d", len(was), len(again))
		return
	}
	for i := range was {
		a, b := was[i], again[i]
		if a == b {
			continue
		}
		at := 0
		for at < min(len(a), len(b)) && a[at] == b[at] {
			at++
		}
		at = max(0, at-40)
		t.Errorf("text %d, from %d on: %.200q came again as %.200q", i, at, a[min(at, len(a)):], b[min(at, len(b)):])
	}
}

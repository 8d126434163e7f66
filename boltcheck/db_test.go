package boltcheck

import (
	"errors"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

func openDB(t *testing.T, path string, o Options) *DB {
	t.Helper()
	d, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func valueOf(d *DB, bucket []byte, key string) (value string, err error) {
	err = d.View(func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucket); b != nil {
			value = string(b.Get([]byte(key)))
		}
		return nil
	})
	return value, err
}

// TestDamageIsAnError: a transaction that bbolt panics in is an error, and the last one.
func TestDamageIsAnError(t *testing.T) {
	for name, kind := range map[string]transaction{"view": (*bolt.DB).View, "update": (*bolt.DB).Update} {
		d := openDB(t, filepath.Join(t.TempDir(), "f.db"), Options{})
		if err := d.Update(putIn(oldBucket, "a", "1")); err != nil {
			t.Fatal(err)
		}
		err := d.run(kind, func(*bolt.Tx) error { panic("page 7: unexpected type") })
		if !errors.Is(err, ErrDamaged) || err.Error() == ErrDamaged.Error() {
			t.Errorf("%s: %v: is no damage that says what", name, err)
		}
		if _, err := valueOf(d, oldBucket, "a"); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: the next: %v", name, err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("%s: closed: %v", name, err)
		}
		_ = d.Bolt().Close()
	}
}

// TestClosedStaysClosed: whoever has closed a file does not have it opened again.
func TestClosedStaysClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	d := openDB(t, path, Options{})
	if err := d.Update(putIn(oldBucket, "a", "1")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := valueOf(d, oldBucket, "a"); !errors.Is(err, berrors.ErrDatabaseNotOpen) {
			t.Errorf("%v", err)
		}
	}
	again := openDB(t, path, Options{})
	if value, err := valueOf(again, oldBucket, "a"); err != nil || value != "1" {
		t.Errorf("%q, %v", value, err)
	}
}

// TestGivenUpInBetween: a file that could not be opened again is, as soon as that is possible.
func TestGivenUpInBetween(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	d := openDB(t, path, Options{AllocSize: 1 << 20})
	if err := d.Update(putIn(oldBucket, "a", "1")); err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	if err := d.db.Close(); err != nil {
		t.Fatal(err)
	}
	d.db = nil // As where no room was left for the map.
	d.mu.Unlock()
	other := openDB(t, path, Options{})
	if _, err := valueOf(d, oldBucket, "a"); !errors.Is(err, berrors.ErrTimeout) {
		t.Errorf("while another has it open: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if value, err := valueOf(d, oldBucket, "a"); err != nil || value != "1" || d.Bolt().AllocSize != 1<<20 {
		t.Errorf("%q, %v, grows by %d", value, err, d.Bolt().AllocSize)
	}
}

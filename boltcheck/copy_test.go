package boltcheck

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// TestCopiesAreOfOneMoment copies a file again and again while it is written to as fast as that
// goes: each copy is whole, and has all that was written by one transaction, or nothing.
func TestCopiesAreOfOneMoment(t *testing.T) {
	dir := t.TempDir()
	db, err := Open(filepath.Join(dir, "a.db"), Options{Options: bolt.Options{NoSync: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	write := func(n uint64) error { return writeCopied(db, n) }
	if err := write(0); err != nil {
		t.Fatal(err)
	}
	quit, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for n := uint64(1); ; n++ {
			select {
			case <-quit:
				done <- nil
				return
			default:
			}
			if err := write(n); err != nil {
				done <- err
				return
			}
		}
	}()
	seen := make(map[uint64]bool)
	for range 30 {
		path := filepath.Join(dir, "copy.db")
		if n, err := db.Copy(path); err != nil || n == 0 {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if _, err := db.Copy(path); err == nil {
			t.Fatal("a copy was written over")
		}
		if err := Check(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		seen[readCopied(t, path)] = true
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	close(quit)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(seen) < 2 {
		t.Errorf("nothing was written between copies: %v", seen)
	}
}

var copiedBucket = []byte("b")

// writeCopied fills a bucket with a number, by values that need more or less room each time.
func writeCopied(db *DB, n uint64) error {
	return db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(copiedBucket)
		if err != nil {
			return err
		}
		for key := range uint64(40) {
			value := bytes.Repeat(binary.BigEndian.AppendUint64(nil, n), 1+int((n+key)%200))
			if err := b.Put(binary.BigEndian.AppendUint64(nil, key), value); err != nil {
				return err
			}
		}
		return nil
	})
}

// readCopied is the number that a copy is full of.
func readCopied(t *testing.T, path string) (first uint64) {
	t.Helper()
	c, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(copiedBucket)
		first = binary.BigEndian.Uint64(b.Get(make([]byte, 8)))
		return b.ForEach(func(key, value []byte) error {
			if n := binary.BigEndian.Uint64(value); n != first {
				t.Errorf("key %x is of transaction %d, and the first of %d", key, n, first)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return first
}

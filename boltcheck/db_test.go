package boltcheck

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

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

// givenUp is a file with an entry that bbolt has closed of its own accord, which stands for one that it
// could not map.
func givenUp(t *testing.T) (d *DB, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "f.db")
	d = openDB(t, path, Options{AllocSize: 1 << 20})
	if err := errors.Join(d.Update(putIn(oldBucket, "a", "1")), d.Bolt().Close()); err != nil {
		t.Fatal(err)
	}
	return d, path
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
	for name, kind := range map[string]func(*DB, func(*bolt.Tx) error) error{"view": (*DB).View, "update": (*DB).Update} {
		d := openDB(t, filepath.Join(t.TempDir(), "f.db"), Options{})
		if err := d.Update(putIn(oldBucket, "a", "1")); err != nil {
			t.Fatal(err)
		}
		err := kind(d, func(*bolt.Tx) error { panic("page 7: unexpected type") })
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

// TestDamageHangsNobody has damage be found while a transaction is under way, so that bbolt keeps locks
// which it waits for itself: whoever comes has an error at once, and the file can be left.
func TestDamageHangsNobody(t *testing.T) {
	for name, page := range map[string]uint16{"first pages": 0x04, "free pages": 0x10} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f.db")
			d := openDB(t, path, Options{})
			if err := d.Update(putIn(oldBucket, "a", "1")); err != nil {
				t.Fatal(err)
			}
			inside, goOn, first := make(chan bool), make(chan bool), make(chan error, 1)
			go func() {
				if page == 0x04 {
					first <- d.View(func(*bolt.Tx) error { close(inside); <-goOn; return nil })
					return
				}
				// Free pages are read when a change is undone, with the lock of all changes held.
				first <- d.Update(func(*bolt.Tx) error { close(inside); <-goOn; panic("page 7: unexpected type") })
			}()
			<-inside
			if page == 0x10 {
				go func() { _ = d.Update(putIn(oldBucket, "b", "1")) }() // It waits for ever, as bbolt does.
				time.Sleep(50 * time.Millisecond)
			}
			spoil(t, path, page)
			if page == 0x04 {
				if _, err := valueOf(d, oldBucket, "a"); !errors.Is(err, ErrDamaged) {
					t.Errorf("a reader: %v", err)
				}
			}
			close(goOn)
			if page == 0x10 { // Else the reader waits for locks at its end.
				if err := <-first; !errors.Is(err, ErrDamaged) {
					t.Errorf("the change: %v", err)
				}
			}
			done := make(chan error, 2)
			go func() { done <- d.Close() }()
			go func() { _, err := valueOf(d, oldBucket, "a"); done <- err }()
			for range 2 {
				select {
				case err := <-done:
					if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, berrors.ErrDatabaseNotOpen) {
						t.Error(err)
					}
				case <-time.After(20 * time.Second):
					t.Fatal("it hangs")
				}
			}
		})
	}
}

// spoil writes over what follows the flags of all pages of a kind, and over their flags if they are no
// first pages.
func spoil(t *testing.T, path string, kind uint16) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := 0
	for at := 0; at+16 <= len(raw); at += os.Getpagesize() {
		if order.Uint16(raw[at+8:]) != kind {
			continue
		}
		spoilt++
		from := at + 8
		if kind == 0x04 {
			from = at + 16
		}
		if _, err := file.WriteAt([]byte{0xff, 0xff, 0xff, 0xff}, int64(from)); err != nil {
			t.Fatal(err)
		}
	}
	if spoilt == 0 {
		t.Fatalf("no page has the flags %#x", kind)
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

// TestGivenUpInBetween: a file that another process has can't be opened again, and those who come meanwhile don't
// wait for that one after the other; soon after it can.
func TestGivenUpInBetween(t *testing.T) {
	d, path := givenUp(t)
	other := openDB(t, path, Options{})
	began, errs := time.Now(), make(chan error)
	const callers = 20
	for range callers {
		go func() { _, err := valueOf(d, oldBucket, "a"); errs <- err }()
	}
	for range callers {
		if err := <-errs; !errors.Is(err, berrors.ErrTimeout) {
			t.Errorf("while another has it open: %v", err)
		}
	}
	if took := time.Since(began); took > callers*lockWait/2 {
		t.Errorf("%d callers waited %v", callers, took)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(lockWait)
	if value, err := valueOf(d, oldBucket, "a"); err != nil || value != "1" || d.Bolt().AllocSize != 1<<20 {
		t.Errorf("%q, %v, grows by %d", value, err, d.Bolt().AllocSize)
	}
}

// TestNothingIsBegunAnew: where the file is gone that bbolt gave up, or is not what it was, there is an
// error, and no new file.
func TestNothingIsBegunAnew(t *testing.T) {
	for name, c := range map[string]struct {
		how  func(t *testing.T, path string) error
		want error // its kind; nil is any
	}{
		"moved":   {func(_ *testing.T, path string) error { return os.Rename(path, path+".old") }, os.ErrNotExist},
		"emptied": {func(_ *testing.T, path string) error { return os.Truncate(path, 0) }, ErrDamaged},
		"damaged": {func(t *testing.T, path string) error { spoil(t, path, 0x04); return nil }, ErrDamaged},
		"another": {func(t *testing.T, path string) error {
			if err := os.Rename(path, path+".old"); err != nil {
				return err
			}
			return openDB(t, path, Options{}).Close()
		}, nil},
	} {
		d, path := givenUp(t)
		if err := c.how(t, path); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(path)
		if value, err := valueOf(d, oldBucket, "a"); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %q, %v, expected %v", name, value, err, c.want)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s: the file has %d bytes, after %d", name, len(after), len(before))
		}
	}
}

// TestATransactionIsDoneOnce: an error of another file that is read within it does not have it done again.
func TestATransactionIsDoneOnce(t *testing.T) {
	d := openDB(t, filepath.Join(t.TempDir(), "f.db"), Options{})
	was, done := d.Bolt(), 0
	err := d.Update(func(*bolt.Tx) error { done++; return berrors.ErrInvalidMapping })
	if done != 1 || !errors.Is(err, berrors.ErrInvalidMapping) || d.Bolt() != was {
		t.Errorf("done %d times, %v, opened again %v", done, err, d.Bolt() != was)
	}
}

package boltcheck

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// change is one transaction of what a program may do: it puts and deletes, in buckets
// of their own, in one another, and small enough to lie in their parent's page.
func change(random *rand.Rand, tx *bolt.Tx) error {
	bucket := func(tx *bolt.Tx) (*bolt.Bucket, error) {
		b, err := tx.CreateBucketIfNotExists(fmt.Append(nil, "bucket", random.IntN(4)))
		if err == nil && random.IntN(3) == 0 {
			b, err = b.CreateBucketIfNotExists(fmt.Append(nil, "within", random.IntN(3)))
		}
		return b, err
	}
	b, err := bucket(tx)
	if err != nil {
		return err
	}
	for range 1 + random.IntN(300) {
		key := fmt.Appendf(nil, "key %d", random.IntN(2000))
		if b.Bucket(key) != nil {
			continue
		}
		size := random.IntN(60)
		if random.IntN(100) == 0 {
			size = random.IntN(20_000) // More than a page.
		}
		err = b.Put(key, make([]byte, size))
		if random.IntN(3) == 0 {
			err = b.Delete(key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// fill creates a file of some transactions.
func fill(t testing.TB, seed uint64, transactions int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	path := filepath.Join(t.TempDir(), "whole.db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true, NoFreelistSync: random.IntN(5) == 0, PageSize: 1024 << random.IntN(4)})
	if err != nil {
		t.Fatal(err)
	}
	for range transactions {
		if err := db.Update(func(tx *bolt.Tx) error { return change(random, tx) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAWholeFilePasses: whatever a program did with it.
func TestAWholeFilePasses(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		if err := Check(t.Context(), fill(t, seed, 1+int(seed)*5)); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

// use does with a file all that bbolt can be asked for, and gives back how that ended.
func use(path string) error {
	ended := make(chan error, 1)
	go func() {
		ended <- guarded(func() error {
			db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, NoSync: true})
			if err != nil {
				return err
			}
			defer db.Close()
			err = db.View(func(tx *bolt.Tx) error { return tx.ForEach(walk) })
			random := rand.New(rand.NewPCG(1, 2))
			for range 5 {
				err = errors.Join(err, db.Update(func(tx *bolt.Tx) error { return change(random, tx) }))
			}
			return errors.Join(err, db.Update(func(tx *bolt.Tx) error {
				return tx.ForEach(func(name []byte, _ *bolt.Bucket) error { return tx.DeleteBucket(name) })
			}))
		})
	}()
	for range 60 { // Of its own time, should the process be stopped for a while.
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Second):
		}
	}
	return errors.New("bbolt goes on and on")
}

// walk visits everything in a bucket, both ways.
func walk(_ []byte, b *bolt.Bucket) error {
	forth, back := 0, 0
	c := b.Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		forth++
	}
	for k, _ := c.Last(); k != nil; k, _ = c.Prev() {
		back++
	}
	if forth != back {
		return fmt.Errorf("%d entries forth and %d back", forth, back)
	}
	return b.ForEachBucket(func(name []byte) error { return walk(name, b.Bucket(name)) })
}

// harm changes a file's bytes as a disk may: some bits, a page of zeros or of junk, one page
// in another's place, an end that is missing. It does so behind the first two pages,
// which have checksums.
func harm(random *rand.Rand, file []byte, page int) []byte {
	file = bytes.Clone(file)
	pages := len(file) / page
	somePage := func() []byte { at := (2 + random.IntN(pages-2)) * page; return file[at : at+page] }
	switch random.IntN(6) {
	case 0:
		for range 1 + random.IntN(20) {
			somePage()[random.IntN(page)] ^= 1 << random.IntN(8)
		}
	case 1: // Where the pages say what they hold.
		p := somePage()
		p[random.IntN(min(page, 96))] ^= byte(1 + random.IntN(255))
	case 2:
		clear(somePage())
	case 3:
		for p, i := somePage(), 0; i < len(p); i++ {
			p[i] = byte(random.Uint32())
		}
	case 4:
		copy(somePage(), somePage())
	default:
		file = file[:2*page+random.IntN(len(file)-2*page)]
	}
	return file
}

func pageSize(file []byte) int { return int(binary.NativeEndian.Uint32(file[24:])) }

// TestWhatPassesDoesNoHarm damages files. Those that pass are ones that bbolt can be let
// at; and the others are reported damaged.
func TestWhatPassesDoesNoHarm(t *testing.T) {
	t.Parallel()
	files := 80
	if os.Getenv("BYTOM_SOLO_LONG") != "" {
		files = 20_000
	}
	passed := 0
	var whole []byte
	for seed := range uint64(files) {
		random := rand.New(rand.NewPCG(seed, 3))
		if seed%20 == 0 {
			var err error
			if whole, err = os.ReadFile(fill(t, seed, 5+random.IntN(20))); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(t.TempDir(), "harmed.db")
		if err := os.WriteFile(path, harm(random, whole, pageSize(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Check(t.Context(), path)
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("seed %d: %v", seed, err)
		}
		if err != nil {
			continue
		}
		passed++ // The damage hit what is free, or a value.
		if err := use(path); err != nil {
			t.Fatalf("seed %d passes, but %v", seed, err)
		}
	}
	t.Logf("%d of %d passed", passed, files)
	if passed == 0 || passed > files*3/4 {
		t.Errorf("%d of %d passed", passed, files)
	}
}

// FuzzCheck changes bytes behind the first two pages of a file at will.
func FuzzCheck(f *testing.F) {
	whole, err := os.ReadFile(fill(f, 1, 3))
	if err != nil {
		f.Fatal(err)
	}
	page := pageSize(whole)
	f.Add([]byte{0, 0, 0})
	for i := range byte(16) {
		f.Add([]byte{0, i, 1, 4, i, 255})
	}
	path := filepath.Join(f.TempDir(), "f.db")
	f.Fuzz(func(t *testing.T, patches []byte) {
		file := bytes.Clone(whole)
		for ; len(patches) >= 3; patches = patches[3:] {
			file[2*page+(int(patches[0])<<8|int(patches[1]))%(len(file)-2*page)] ^= patches[2]
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Check(t.Context(), path); err == nil {
			if err := use(path); err != nil {
				t.Error(err)
			}
		} else if !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
}

// TestRefusals: what is no bbolt file, what is not there, what another has open, and a
// check that is called off.
func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, bytes.Repeat([]byte("no database\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, short} {
		if err := Check(t.Context(), path); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", path, err)
		}
	}
	cut := fill(t, 3, 5)
	if err := os.Truncate(cut, 5227); err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), cut); !errors.Is(err, ErrDamaged) {
		t.Errorf("cut: %v", err)
	}
	if err := Check(t.Context(), dir); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("a directory: %v", err)
	}
	if err := Check(t.Context(), filepath.Join(dir, "none")); err != nil {
		t.Errorf("none: %v", err)
	}
	whole := fill(t, 2, 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Check(ctx, whole); !errors.Is(err, context.Canceled) || errors.Is(err, ErrDamaged) {
		t.Errorf("called off: %v", err)
	}
	db, err := bolt.Open(whole, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := Check(t.Context(), whole); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("open elsewhere: %v", err)
	}
}

// BenchmarkCheck checks a file of a million rows, some 160 MB.
func BenchmarkCheck(b *testing.B) {
	path := filepath.Join(b.TempDir(), "large.db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	for part := range uint64(100) {
		err := db.Update(func(tx *bolt.Tx) error {
			rows, err := tx.CreateBucketIfNotExists([]byte("rows"))
			for i := range uint64(10_000) {
				err = errors.Join(err, rows.Put(binary.BigEndian.AppendUint64(nil, part*10_000+i), make([]byte, 100)))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		if err := Check(b.Context(), path); err != nil {
			b.Fatal(err)
		}
	}
}

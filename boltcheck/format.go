package boltcheck

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// Format is what this program knows of the formats of one kind of file, which count from 1.
// A file says its format as one byte, under "format" in the bucket "meta". It is read
// alone, so that all methods are safe for concurrent use.
type Format struct {
	// Kind is what an error calls such a file: "journal of found blocks".
	Kind string
	// Bucket is one that such a file has, and those of other kinds have not, in all formats that
	// are marked.
	Bucket []byte
	// Create adds the buckets that a file of the newest format lacks: all, if it is new.
	Create func(*bolt.Tx) error
	// Steps lead from each format to the next, the first from 1 to 2; nil changes nothing but
	// the mark. The newest format is that behind the last.
	Steps []func(*bolt.Tx) error
	// Unmarked is the format of a file that does not say it, as those of before there were
	// marks; 0 if it is of another kind. nil stands for 0.
	Unmarked func(*bolt.Tx) byte
}

var (
	metaBucket = []byte("meta")
	formatKey  = []byte("format")
)

// Newest is the format that this program writes.
func (f Format) Newest() byte { return byte(len(f.Steps) + 1) }

// Of is the format of a file; 0 if nothing is in it yet. The error is about a file of another
// kind, or of a newer format than this program knows.
func (f Format) Of(tx *bolt.Tx) (byte, error) {
	var mark []byte
	if meta := tx.Bucket(metaBucket); meta != nil {
		mark = meta.Get(formatKey)
	}
	switch {
	case mark == nil:
		return f.ofUnmarked(tx)
	case len(mark) == 1 && mark[0] > f.Newest():
		return 0, f.newer(tx.DB().Path(), mark[0])
	case len(mark) != 1 || mark[0] == 0:
		return 0, fmt.Errorf("its format is %x, expected %02x to %02x", mark, 1, f.Newest())
	case tx.Bucket(f.Bucket) == nil:
		return 0, fmt.Errorf("it is no %s: it has no bucket %q", f.Kind, f.Bucket)
	}
	return mark[0], nil
}

func (f Format) ofUnmarked(tx *bolt.Tx) (byte, error) {
	first, _ := tx.Cursor().First()
	if first == nil {
		return 0, nil
	}
	if f.Unmarked != nil {
		if format := f.Unmarked(tx); format > 0 {
			return format, nil
		}
	}
	return 0, fmt.Errorf("it is no %s: it has a bucket %q, and no format", f.Kind, first)
}

// newer refuses a file of a newer format.
func (f Format) newer(path string, format byte) error {
	back := "restore a copy of before"
	for n := f.Newest(); n > 0; n-- {
		if _, err := os.Stat(copyPath(path, n)); err == nil {
			back = "put the copy of before in its place, " + copyPath(path, n)
			break
		}
	}
	return fmt.Errorf("its format is %d, of a newer version of this program; this one knows formats up to %d: start the newer version again, or %s (docs/operating.md, Upgrade and downgrade)",
		format, f.Newest(), back)
}

// WarnOfEmpty tells log of a file of no bytes, which was one once as a rule: a file system that
// was cut off, or whoever cleared it, left its name. bbolt takes it for none, and a new one is
// begun in its place. A file that there never was is no news.
func (f Format) WarnOfEmpty(path string, log *slog.Logger) {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() == 0 && log != nil {
		log.Warn("a file is empty and begins anew; what it had is in the last backup, if anywhere", "file", path, "kind", f.Kind)
	}
}

// copyPath is where the copy of a file lies that was of an older format.
func copyPath(path string, format byte) string { return fmt.Sprintf("%s.format-%d", path, format) }

// Prepare makes a file that is open for writing one of the newest format, with its buckets, in
// one transaction: a kill or a full disk leaves it as it was. One of an older format is
// copied before, to its path and ".format-N", which is for whoever wants to go back to the
// version that wrote it; log is told.
func (f Format) Prepare(db *DB, log *slog.Logger) error {
	var from byte
	err := db.View(func(tx *bolt.Tx) (err error) { from, err = f.Of(tx); return err })
	if err != nil {
		return err
	}
	kept := ""
	if from > 0 && from < f.Newest() {
		kept = copyPath(db.Path(), from)
		if err := copyTo(db, kept); err != nil {
			return fmt.Errorf("copy it to %s, before its format is changed from %d to %d: %w", kept, from, f.Newest(), err)
		}
	}
	if err := db.Update(func(tx *bolt.Tx) error { return f.apply(tx, from) }); err != nil {
		if kept != "" {
			err = fmt.Errorf("change its format from %d to %d: %w", from, f.Newest(), err)
		}
		return err
	}
	if kept != "" && log != nil {
		log.Info("a file of an older version has a new format, and a copy of it is kept",
			"file", db.Path(), "former_format", from, "format", f.Newest(), "copy", kept)
	}
	return nil
}

// apply takes the steps from a format to the newest; 0 has none to take.
func (f Format) apply(tx *bolt.Tx, from byte) error {
	if from > 0 {
		for _, step := range f.Steps[from-1:] {
			if step == nil {
				continue
			}
			if err := step(tx); err != nil {
				return err
			}
		}
	}
	if err := f.Create(tx); err != nil {
		return err
	}
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	return meta.Put(formatKey, []byte{f.Newest()})
}

// copyTo copies a file as it stands. There is either all of the copy at its place or what was
// there before.
func copyTo(db *DB, path string) error {
	part, err := os.OpenFile(path+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = db.View(func(tx *bolt.Tx) error { _, err := tx.WriteTo(part); return err })
	if err = errors.Join(err, part.Sync(), part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	// Some systems have no such thing; what the machine's end could cost then is the copy.
	if folder, err := os.Open(filepath.Dir(path)); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}

package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// formerFormat is the oldest that is still read. Its shares have no work, no owner and no
// policy, so nobody is paid for them.
const formerFormat = 1

var formerLogBucket = []byte("shares")

// migrate brings a file of the former format up to this one, in one transaction, so that a
// kill or a full disk leaves it as it was. A copy of it is kept beside it, for whoever
// wants to go back to the version that wrote it.
func (f *file) migrate(path string) error {
	to := fmt.Sprintf("%s.format-%d", path, f.format)
	if err := f.copyTo(to); err != nil {
		return fmt.Errorf("copy it before its format is changed: %w", err)
	}
	if err := f.update(migrateLog); err != nil {
		return fmt.Errorf("change its format from %d to %d: %w", formerFormat, fileFormat, err)
	}
	f.format, f.copied = fileFormat, to
	return nil
}

func migrateLog(tx *bolt.Tx) error {
	if err := createBuckets(tx); err != nil {
		return err
	}
	former, log := tx.Bucket(formerLogBucket), tx.Bucket(logBucket)
	if former == nil {
		return fmt.Errorf("%w: it has no bucket %q", boltcheck.ErrDamaged, formerLogBucket)
	}
	log.FillPercent = 1 // They come in their order.
	err := former.ForEach(func(key, raw []byte) error {
		r, err := runOf(key, raw, formerSize)
		if err != nil {
			return fmt.Errorf("%w: %w", boltcheck.ErrDamaged, err)
		}
		shares := make([]loggedShare, r.len())
		for i := range shares {
			shares[i] = r.at(i)
		}
		return log.Put(key, packShares(shares))
	})
	if err != nil {
		return err
	}
	return tx.DeleteBucket(formerLogBucket)
}

// copyTo copies the file as it stands. There is either all of the copy at its place or what
// was there before.
func (f *file) copyTo(path string) error {
	part, err := os.OpenFile(path+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = f.view(func(tx *bolt.Tx) error { _, err := tx.WriteTo(part); return err })
	if err = errors.Join(err, part.Sync(), part.Close()); err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return err
	}
	// Some systems have no such thing; what the machine's end could cost then is the copy.
	if folder, err := os.Open(filepath.Dir(path)); err == nil {
		_ = folder.Sync()
		_ = folder.Close()
	}
	return nil
}

package boltcheck

import (
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

// Copy writes a file at a path that is as this one is at one moment, whatever is written meanwhile, and
// that is on the disk when it returns. There must be none yet. This one is held open as by a reader:
// one who needs more room in the file waits for the end.
func (d *DB) Copy(path string) (bytes int64, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	err = d.View(func(tx *bolt.Tx) error {
		bytes, err = tx.WriteTo(file)
		return err
	})
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		return bytes, fmt.Errorf("copy to %s: %w", path, err)
	}
	return bytes, nil
}

package boltcheck

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// ErrOtherNetwork is the kind of error that a file of another network gives.
var ErrOtherNetwork = errors.New("it is of another network")

var (
	homeBucket = []byte("home")
	networkKey = []byte("network")
)

// Claim marks the file as one of a network, by its chain_id. A file that has no mark, from
// before there were any, is taken as it is. The error is of kind ErrOtherNetwork where the
// file is another's, and then nothing is changed.
func (d *DB) Claim(network string) error {
	var marked string
	if err := d.View(func(tx *bolt.Tx) error { marked = networkOf(tx); return nil }); err != nil {
		return err
	}
	switch marked {
	case network:
		return nil
	case "":
		return d.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(homeBucket)
			if err != nil {
				return err
			}
			return b.Put(networkKey, []byte(network))
		})
	}
	return fmt.Errorf("%s: %w: %s, not %s", d.path, ErrOtherNetwork, marked, network)
}

func networkOf(tx *bolt.Tx) string {
	b := tx.Bucket(homeBucket)
	if b == nil {
		return ""
	}
	return string(b.Get(networkKey))
}

package ledger

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// formerFormat is the oldest that is still read. Its shares have no work, no owner and no
// policy, so nobody is paid for them.
const formerFormat = 1

var formerLogBucket = []byte("shares")

// addWork leads from format 1 to 2.
func addWork(tx *bolt.Tx) error {
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

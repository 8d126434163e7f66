package mining

import (
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// journalFormat has three formats. In 1, a bucket had blocks with the chain's verdict; 2 was the
// first with their fates, and 3 says its format.
var journalFormat = boltcheck.Format{
	Kind:     "journal of found blocks",
	Bucket:   fatesBucket,
	Create:   createJournalBuckets,
	Steps:    []func(*bolt.Tx) error{addFates, nil},
	Unmarked: unmarkedJournal,
}

var formerBlocksBucket = []byte("found blocks")

func createJournalBuckets(tx *bolt.Tx) error {
	_, err := tx.CreateBucketIfNotExists(blocksBucket)
	if err == nil {
		_, err = tx.CreateBucketIfNotExists(fatesBucket)
	}
	return err
}

// unmarkedJournal is 1 for a file of both formats too: versions that wrote 2 left in it what
// they found of 1.
func unmarkedJournal(tx *bolt.Tx) byte {
	switch {
	case tx.Bucket(formerBlocksBucket) != nil:
		return 1
	case tx.Bucket(fatesBucket) != nil:
		return 2
	}
	return 0
}

// addFates leads from format 1 to 2. What is to happen to a block, its watcher finds out anew.
func addFates(tx *bolt.Tx) error {
	if err := createJournalBuckets(tx); err != nil {
		return err
	}
	blocks, fates := tx.Bucket(blocksBucket), tx.Bucket(fatesBucket)
	err := tx.Bucket(formerBlocksBucket).ForEach(func(key, raw []byte) error {
		var former struct {
			Block   *types.Block `json:"block"`
			Found   time.Time    `json:"found"`
			Verdict string       `json:"verdict"`
		}
		if err := json.Unmarshal(raw, &former); err != nil {
			return fmt.Errorf("%w: entry %x can't be read: %w", boltcheck.ErrDamaged, key, err)
		}
		if former.Block == nil {
			return fmt.Errorf("%w: entry %x has no block", boltcheck.ErrDamaged, key)
		}
		fate := newFate(former.Block, former.Found)
		if id := fate.ID.Bytes(); fates.Get(id) != nil {
			return nil
		}
		fate.Verdict = former.Verdict
		text, err := former.Block.MarshalText()
		if err != nil {
			return fmt.Errorf("block %s: %w", fate.ID.String(), err)
		}
		if raw, err = json.Marshal(fate); err != nil {
			return err
		}
		if err := blocks.Put(fate.ID.Bytes(), text); err != nil {
			return err
		}
		return fates.Put(fate.ID.Bytes(), raw)
	})
	if err != nil {
		return err
	}
	return tx.DeleteBucket(formerBlocksBucket)
}

// checkJournalFormat refuses a journal that can't be read as it is.
func checkJournalFormat(tx *bolt.Tx) error {
	format, err := journalFormat.Of(tx)
	if format == 1 {
		err = fmt.Errorf("its format is 1, expected 2 or %d: start the node once, which changes it", journalFormat.Newest())
	}
	return err
}

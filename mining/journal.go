package mining

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// Journal keeps every block that was found here, from before it is handed to the
// chain: what is found is written down before it is sent. It is a bbolt file, one
// transaction and one fsync an entry: what Record returned from is on the disk. All
// methods are safe for concurrent use; one process at a time can have it open.
type Journal struct {
	db *bolt.DB
}

// Entry is one found block.
type Entry struct {
	// Block is the whole block.
	Block *types.Block `json:"block"`
	// Found is when it was written down.
	Found time.Time `json:"found"`
	// Verdict is what the chain made of it; empty until that is known.
	Verdict string `json:"verdict,omitempty"`
	// Tip is the best block after it: which one it lost to, if it did.
	Tip *bc.Hash `json:"tip,omitempty"`
}

// Resolved tells whether the chain has answered.
func (e Entry) Resolved() bool { return e.Verdict != "" }

// buriedAt is how many blocks must be above an entry for it to be left alone. The
// chain's own database is not fsynced: after a power cut it may have forgotten its
// latest blocks.
const buriedAt = 6

var journalBucket = []byte("found blocks")

// errDuplicateEntry means that the block is in the journal already.
var errDuplicateEntry = errors.New("the block is in the journal already")

// OpenJournal opens the journal at a path, and makes it if there is none.
func OpenJournal(path string) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("open the journal %s: %w", path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(journalBucket)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the journal %s: %w", path, err), db.Close())
	}
	return &Journal{db}, nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.db.Close() }

// Record writes a block down. It returns when the disk has it.
func (j *Journal) Record(block *types.Block, now time.Time) error {
	id := block.Hash()
	return j.put(id, func(old *Entry) (*Entry, error) {
		if old != nil {
			return nil, errDuplicateEntry
		}
		return &Entry{Block: block, Found: now}, nil
	})
}

// Resolve notes what the chain made of a recorded block.
func (j *Journal) Resolve(id bc.Hash, verdict string, tip bc.Hash) error {
	return j.put(id, func(old *Entry) (*Entry, error) {
		if old == nil {
			return nil, fmt.Errorf("block %s is not in the journal", id.String())
		}
		old.Verdict, old.Tip = verdict, &tip
		return old, nil
	})
}

// put replaces an entry by what change makes of it.
func (j *Journal) put(id bc.Hash, change func(old *Entry) (*Entry, error)) error {
	err := j.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(journalBucket)
		old, err := readEntry(b.Get(id.Bytes()))
		if err != nil {
			return err
		}
		e, err := change(old)
		if err != nil {
			return err
		}
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		return b.Put(id.Bytes(), raw)
	})
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

func readEntry(raw []byte) (*Entry, error) {
	if raw == nil {
		return nil, nil
	}
	e := &Entry{}
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, fmt.Errorf("entry can't be read: %w", err)
	}
	return e, nil
}

// Entries are all found blocks, lowest first.
func (j *Journal) Entries() ([]Entry, error) {
	var all []Entry
	err := j.db.View(func(tx *bolt.Tx) error {
		return tx.Bucket(journalBucket).ForEach(func(_, raw []byte) error {
			e, err := readEntry(raw)
			if err == nil {
				all = append(all, *e)
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	slices.SortStableFunc(all, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Block.Height, b.Block.Height), a.Found.Compare(b.Found))
	})
	return all, nil
}

// Pending are the blocks to submit again at a start, lowest first: those that the
// chain has not answered, and those that a chain of this height may have
// forgotten.
func (j *Journal) Pending(height uint64) ([]Entry, error) {
	all, err := j.Entries()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(e Entry) bool {
		return e.Resolved() && e.Block.Height+buriedAt <= height
	}), nil
}

package payout

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// Books is who is owed what, and why, in a bbolt file. Its buckets:
//
//	meta       "format" → 1 byte; "checkpoint" and "stopped" → JSON
//	policies   id → JSON of a Policy
//	entries    number → JSON of an Entry
//	balances   account → 8 bytes, neu
//	owners     address → JSON of an ownerRecord
//	manifests  number → JSON of a Manifest, never changed
//	blocks     block hash → the number of its manifest
//	credits    block hash → JSON of a Credit
//	skipped    block hash → why it is not split
//	funds      output → JSON of a Fund
//	batches    transaction id → JSON of a Batch
//	scores     scheme and parameters → the state of dgm and pps
//	past       scheme, parameters and manifest → the state of dgm after that block
//	notes      number → JSON of a Note
//
// Each change is one transaction and one fsync: what a method returned from is on the disk,
// whole. All methods are safe for concurrent use; one process at a time can have the file
// open.
type Books struct {
	db   *boltcheck.DB
	path string
	now  func() time.Time
	log  *slog.Logger
}

// Config says where books are kept.
type Config struct {
	// Path is the file; its folder is created.
	Path string
	// ReadOnly opens it for reading alone: it has to be there.
	ReadOnly bool
	// Now is the clock; nil takes time.Now.
	Now func() time.Time
	// Log receives what the operator should know; nil discards it.
	Log *slog.Logger
}

var (
	metaBucket      = []byte("meta")
	policiesBucket  = []byte("policies")
	entriesBucket   = []byte("entries")
	balancesBucket  = []byte("balances")
	ownersBucket    = []byte("owners")
	manifestsBucket = []byte("manifests")
	blocksBucket    = []byte("blocks")
	creditsBucket   = []byte("credits")
	skippedBucket   = []byte("skipped")
	fundsBucket     = []byte("funds")
	batchesBucket   = []byte("batches")
	scoresBucket    = []byte("scores")
	pastBucket      = []byte("past")
	notesBucket     = []byte("notes")

	allBuckets = [][]byte{
		metaBucket, policiesBucket, entriesBucket, balancesBucket, ownersBucket, manifestsBucket, blocksBucket,
		creditsBucket, skippedBucket, fundsBucket, batchesBucket, scoresBucket, pastBucket, notesBucket,
	}

	checkpointKey = []byte("checkpoint")
	stoppedKey    = []byte("stopped")
)

var fileFormat = boltcheck.Format{Kind: "books of payouts", Bucket: entriesBucket, Create: createBuckets}

// Open opens books, and creates them unless for reading alone. A damaged file is left where
// it is, with an error of kind boltcheck.ErrDamaged that says what to do: debts must not be
// forgotten.
func Open(cfg Config) (*Books, error) {
	b := &Books{path: cfg.Path, now: cfg.Now, log: cfg.Log}
	if b.now == nil {
		b.now = time.Now
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	err := advised(b.open(cfg))
	if errors.Is(err, berrors.ErrTimeout) {
		err = fmt.Errorf("%w: another process has them open, a running node as a rule, which is then to be asked", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the books of payouts %s: %w", cfg.Path, err)
	}
	return b, nil
}

// advised adds what to do to the error of a damaged file.
func advised(err error) error {
	if !errors.Is(err, boltcheck.ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w; it has who is owed what, and so it is not set aside: put its latest copy in its place, or, "+
		"where there is none, move it away to begin new books, and look up the debts in the latest export; no payouts until then", err)
}

func (b *Books) open(cfg Config) error {
	info, err := os.Stat(cfg.Path)
	switch {
	case err == nil && info.Mode().IsRegular() && info.Size() == 0:
		return fmt.Errorf("%w: it is empty", boltcheck.ErrDamaged) // bbolt would begin new books there.
	case errors.Is(err, fs.ErrNotExist) && !cfg.ReadOnly:
		err = create(cfg.Path)
	}
	if err != nil {
		return err
	}
	// It has some megabytes for each year.
	options := bolt.Options{ReadOnly: cfg.ReadOnly, FreelistType: bolt.FreelistMapType}
	if b.db, err = boltcheck.Open(cfg.Path, boltcheck.Options{Options: options, CheckTime: time.Minute}); err != nil {
		return err
	}
	if cfg.ReadOnly {
		err = b.db.View(checkFormat)
	} else {
		err = fileFormat.Prepare(b.db, b.log)
	}
	if err != nil {
		return errors.Join(err, b.db.Close())
	}
	return nil
}

// create puts a file of bbolt's at a path: whole, or after a kill none.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	part := path + ".new"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bolt.Open(part, 0o600, &bolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// createBuckets makes those that are missing.
func createBuckets(tx *bolt.Tx) error {
	for _, name := range allBuckets {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// checkFormat refuses books that can't be read as they are.
func checkFormat(tx *bolt.Tx) error {
	format, err := fileFormat.Of(tx)
	if err == nil && format != fileFormat.Newest() {
		err = errors.New("there is nothing in it yet")
	}
	return err
}

// Claim marks the books as those of a network; the error says that they are another's: see
// boltcheck.DB.Claim.
func (b *Books) Claim(network string) error {
	return b.db.Claim(network)
}

// Close closes the file.
func (b *Books) Close() error { return b.db.Close() }

func (b *Books) view(do func(*bolt.Tx) error) error {
	err := b.db.View(do)
	if errors.Is(err, boltcheck.ErrDamaged) {
		return advised(fmt.Errorf("books of payouts %s: %w", b.path, err))
	}
	return err
}

// Version is a number that is another one after each change of the books.
func (b *Books) Version() (version int, err error) {
	err = b.view(func(tx *bolt.Tx) error { version = tx.ID(); return nil })
	return version, err
}

// Copy writes a file at a path that is as the books are at one moment: see boltcheck.DB.Copy.
func (b *Books) Copy(path string) (bytes int64, err error) {
	return b.db.Copy(path)
}

// writer is a change of the books: one transaction.
type writer struct {
	tx  *bolt.Tx
	now time.Time
}

// update does all of a change, or nothing of it.
func (b *Books) update(what string, do func(*writer) error) error {
	err := b.db.Update(func(tx *bolt.Tx) error {
		return do(&writer{tx, b.now().UTC().Truncate(time.Millisecond)})
	})
	if err != nil {
		return advised(fmt.Errorf("books of payouts %s: %s: %w", b.path, what, err))
	}
	return nil
}

// putJSON stores a value under a key.
func putJSON(b *bolt.Bucket, key []byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, raw)
}

// getJSON reads the value of a key; false if there is none.
func getJSON(b *bolt.Bucket, key []byte, v any) (bool, error) {
	raw := b.Get(key)
	if raw == nil {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, fmt.Errorf("%w: entry %x can't be read: %w", boltcheck.ErrDamaged, key, err)
	}
	return true, nil
}

// each visits the values of a bucket, in the order of their keys.
func each[T any](b *bolt.Bucket, visit func(T) error) error {
	return b.ForEach(func(key, raw []byte) error {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return fmt.Errorf("%w: entry %x can't be read: %w", boltcheck.ErrDamaged, key, err)
		}
		return visit(v)
	})
}

// number is the key of the n-th of something.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// next is the number behind a bucket's last.
func next(b *bolt.Bucket) uint64 {
	if key, _ := b.Cursor().Last(); len(key) == 8 {
		return binary.BigEndian.Uint64(key) + 1
	}
	return 1
}

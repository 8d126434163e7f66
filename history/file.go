package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// A history on the disk has these buckets, whose keys are big-endian numbers, so that
// they lie in order:
//
//	meta    "format" → 1 byte, "state" → JSON of a state
//	24h, 7d, 400d  sequence number → a slot of the totals
//	rigs    sequence number → a slot of all rigs
//	names   id → a rig's name
//	blocks  sequence number → JSON of a Block
var (
	metaBucket   = []byte("meta")
	rigsBucket   = []byte("rigs")
	namesBucket  = []byte("names")
	blocksBucket = []byte("blocks")

	stateKey = []byte("state")
)

var fileFormat = boltcheck.Format{Kind: "history", Bucket: namesBucket, Create: createBuckets}

// bucketOf is where the totals of a span lie. Those of the Hour lie nowhere.
func bucketOf(span Span) []byte { return []byte(span.String()) }

// state is what has one value.
type state struct {
	// Seen is when the file was written, Began when the history did, in Unix milliseconds.
	Seen  int64 `json:"seen"`
	Began int64 `json:"began"`
	// Effort, Since and AfterBlock are those of an Effort.
	Effort     float64   `json:"effort"`
	Since      time.Time `json:"since"`
	AfterBlock bool      `json:"after_block"`
	// Slots, Rigs, Names and Blocks are the next sequence numbers, the first by span.
	Slots  [len(spans)]uint64 `json:"slots"`
	Rigs   uint64             `json:"rigs"`
	Names  uint32             `json:"names"`
	Blocks uint64             `json:"blocks"`
}

func unpackState(raw []byte) (s state, err error) {
	if raw == nil {
		return s, nil
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("the state: %w", err)
	}
	return s, plausible(s.Effort)
}

// allocSize is by how much the file grows at a time. bbolt's own 16 MiB are as much as a
// week of 500 rigs takes.
const allocSize = 1 << 20

// openFile opens a file, and makes it if there is none.
func openFile(path string, log *slog.Logger) (db *boltcheck.DB, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("open the history %s: %w", path, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	fileFormat.WarnOfEmpty(path, log)
	db, err = boltcheck.Open(path, boltcheck.Options{Options: bolt.Options{FreelistType: bolt.FreelistMapType}, AllocSize: allocSize})
	if err != nil {
		return nil, err
	}
	if err := fileFormat.Prepare(db, log); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// createBuckets makes those that are missing.
func createBuckets(tx *bolt.Tx) error {
	for _, name := range [][]byte{metaBucket, bucketOf(Day), bucketOf(Week), bucketOf(Year), rigsBucket, namesBucket, blocksBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

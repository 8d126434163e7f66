package ledger

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// file is a ledger on the disk. Its buckets:
//
//	meta    "format" → 1 byte; "id" → the file's own, a text; "next" → the next sequence
//	        number, round and rig id; "owner" → the next owner's id; "seen" → when it was
//	        last written, in Unix milliseconds
//	rigs    name → JSON of a rigSummary
//	rows    hour, round, rig id → a row (big-endian, so that they lie in order)
//	log     first sequence number → the shares of one write, in order
//	owners  id → name
//	solved  hash of a block → sequence number of the share that made it
//	blocks  round → JSON of a Block
//
// Format 1 had its shares in "shares", shorter, and no id, owners and solved.
type file struct {
	*boltcheck.DB
	// format is the file's: the newest, or an older one where it is open for reading.
	format byte
}

var (
	metaBucket   = []byte("meta")
	rigsBucket   = []byte("rigs")
	rowsBucket   = []byte("rows")
	logBucket    = []byte("log")
	ownersBucket = []byte("owners")
	solvedBucket = []byte("solved")
	roundsBucket = []byte("blocks")

	idKey        = []byte("id")
	nextKey      = []byte("next")
	nextOwnerKey = []byte("owner")
	lastSeenKey  = []byte("seen")
)

// fileFormat has two formats: see migrate.go.
var fileFormat = boltcheck.Format{
	Kind:   "ledger of what rigs do",
	Bucket: rowsBucket,
	Create: createBuckets,
	Steps:  []func(*bolt.Tx) error{addWork},
}

// rowKey is where a row lies.
type rowKey struct {
	hour  uint32 // since 1970
	round uint32
	rig   uint32
}

func hourOf(t time.Time) uint32 { return uint32(max(0, t.Unix()/3600)) }

func (k rowKey) time() time.Time { return time.Unix(int64(k.hour)*3600, 0).UTC() }

func (k rowKey) bytes() []byte { return pack(k.hour, k.round, k.rig) }

// nextNumbers are the numbers to be given next.
type nextNumbers struct {
	Sequence   uint64
	Round, Rig uint32
}

// pack puts fixed-size values one behind the other.
func pack(values ...any) []byte {
	var b []byte
	for _, v := range values {
		b, _ = binary.Append(b, binary.BigEndian, v) // Fails for other types alone.
	}
	return b
}

// unpack is pack's reverse; into are pointers.
func unpack(raw []byte, into ...any) error {
	r := bytes.NewReader(raw)
	for _, v := range into {
		if err := binary.Read(r, binary.BigEndian, v); err != nil {
			return fmt.Errorf("an entry of %d bytes is too short", len(raw))
		}
	}
	return nil
}

func packRow(r *Row) []byte { return pack(r.Tally, r.Network, r.Last.UnixMilli()) }

func unpackRow(raw []byte, r *Row) error {
	var milli int64
	if err := unpack(raw, &r.Tally, &r.Network, &milli); err != nil {
		return err
	}
	r.Last = unixMilli(milli)
	return plausible("a row", milli, r.Work, r.Expected, r.Best, r.Network)
}

// latest is beyond what a clock says, and yet a time that all that reads it can print, as the zero
// time is, which is the earliest.
const latest = 1 << 37 * 1000 // in the year 6325, in milliseconds

// plausible is an error about a time that no clock says, or a number that no counter can have:
// bytes that are not what was written.
func plausible(what string, milli int64, numbers ...float64) error {
	if milli < (time.Time{}).UnixMilli() || milli > latest {
		return fmt.Errorf("%s has the time %d, expected milliseconds since 1970", what, milli)
	}
	for _, v := range numbers {
		if !(v >= 0 && v <= math.MaxFloat64) {
			return fmt.Errorf("%s has the value %v, expected a number from 0 on", what, v)
		}
	}
	return nil
}

// unixMilli is a time of the file; the zero time stays what it is.
func unixMilli(milli int64) time.Time {
	if milli == (time.Time{}).UnixMilli() {
		return time.Time{}
	}
	return time.UnixMilli(milli).UTC()
}

// openFile opens a file, and creates it if it may write.
func openFile(path string, readOnly bool, log *slog.Logger) (f *file, err error) {
	if readOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("open the ledger: %w", err)
		}
	} else if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("open the ledger %s: %w", path, err)
		}
	}()
	if !readOnly {
		fileFormat.WarnOfEmpty(path, log)
	}
	db, err := boltcheck.Open(path, boltcheck.Options{Options: bolt.Options{ReadOnly: readOnly, FreelistType: bolt.FreelistMapType}})
	if err != nil {
		return nil, err
	}
	f = &file{DB: db}
	if err := f.prepare(readOnly, log); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return f, nil
}

// prepare makes the file one of the newest format if it may write, and finds out its format.
func (f *file) prepare(readOnly bool, log *slog.Logger) error {
	if !readOnly {
		if err := fileFormat.Prepare(f.DB, log); err != nil {
			return err
		}
	}
	return f.View(func(tx *bolt.Tx) (err error) { f.format, err = fileFormat.Of(tx); return err })
}

// createBuckets adds what a file of this format lacks, and gives it its identity.
func createBuckets(tx *bolt.Tx) error {
	for _, name := range [][]byte{metaBucket, rigsBucket, rowsBucket, logBucket, ownersBucket, solvedBucket, roundsBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(metaBucket)
	if meta.Get(idKey) != nil {
		return nil
	}
	return meta.Put(idKey, []byte(rand.Text()))
}

// putJSON stores a value under a key.
func putJSON(b *bolt.Bucket, key []byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, raw)
}

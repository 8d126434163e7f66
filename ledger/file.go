package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// file is a ledger on the disk. Its buckets:
//
//	meta    "format" → 1 byte; "next" → the next sequence number, round and rig id;
//	        "seen" → when it was last written, in Unix milliseconds
//	rigs    name → JSON of a rigSummary
//	rows    hour, round, rig id → a row (big-endian, so that they lie in order)
//	shares  first sequence number → the shares of one write, in order
//	blocks  round → JSON of a Block
type file struct {
	db *bolt.DB
	// dead is set by damage: bbolt may then hold locks that nobody gives back.
	dead atomic.Bool
}

var (
	metaBucket   = []byte("meta")
	rigsBucket   = []byte("rigs")
	rowsBucket   = []byte("rows")
	sharesBucket = []byte("shares")
	roundsBucket = []byte("blocks")

	formatKey   = []byte("format")
	nextKey     = []byte("next")
	lastSeenKey = []byte("seen")
)

const fileFormat = 1

// rowKey is where a row lies.
type rowKey struct {
	hour  uint32 // since 1970
	round uint32
	rig   uint32
}

func hourOf(t time.Time) uint32 { return uint32(max(0, t.Unix()/3600)) }

func (k rowKey) time() time.Time { return time.Unix(int64(k.hour)*3600, 0).UTC() }

func (k rowKey) bytes() []byte { return pack(k.hour, k.round, k.rig) }

// loggedShare is an accepted share as it lies in the file.
type loggedShare struct {
	sequence           uint64
	milli              int64
	rig                uint32
	effective, network float64
}

const loggedSize = 28 // the sequence follows from the key and the place

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
	err := unpack(raw, &r.Tally, &r.Network, &milli)
	r.Last = unixMilli(milli)
	return err
}

// unixMilli is a time of the file; the zero time stays what it is.
func unixMilli(milli int64) time.Time {
	if milli == (time.Time{}).UnixMilli() {
		return time.Time{}
	}
	return time.UnixMilli(milli).UTC()
}

func packShares(shares []loggedShare) []byte {
	b := make([]byte, 0, len(shares)*loggedSize)
	for _, s := range shares {
		b = binary.BigEndian.AppendUint64(b, uint64(s.milli))
		b = binary.BigEndian.AppendUint32(b, s.rig)
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.effective))
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.network))
	}
	return b
}

func unpackShares(key, raw []byte) ([]loggedShare, error) {
	if len(key) != 8 || len(raw)%loggedSize != 0 {
		return nil, fmt.Errorf("shares of %d bytes under a key of %d", len(raw), len(key))
	}
	first := binary.BigEndian.Uint64(key)
	var all []loggedShare
	for i := uint64(0); len(raw) > 0; i, raw = i+1, raw[loggedSize:] {
		all = append(all, loggedShare{
			sequence: first + i, milli: int64(binary.BigEndian.Uint64(raw)), rig: binary.BigEndian.Uint32(raw[8:]),
			effective: math.Float64frombits(binary.BigEndian.Uint64(raw[12:])),
			network:   math.Float64frombits(binary.BigEndian.Uint64(raw[20:])),
		})
	}
	return all, nil
}

// openFile opens a file, and creates it if it may write.
func openFile(path string, readOnly bool) (f *file, err error) {
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
	if err := checkFile(path); err != nil {
		return nil, err
	}
	f = &file{}
	err = f.guarded(func() error {
		var err error
		f.db, err = bolt.Open(path, 0o600, &bolt.Options{Timeout: time.Second, ReadOnly: readOnly, FreelistType: bolt.FreelistMapType})
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := f.prepare(readOnly); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// checkTime bounds how long a node's start waits for its ledger to be looked through: a
// million rows take a second.
const checkTime = 20 * time.Second

// checkFile looks for damage that bbolt would not survive.
func checkFile(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), checkTime)
	defer cancel()
	return boltcheck.Check(ctx, path)
}

// prepare creates the buckets, unless the file is somebody else's.
func (f *file) prepare(readOnly bool) error {
	check := func(tx *bolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		if meta == nil {
			if name, _ := tx.Cursor().First(); name != nil {
				return fmt.Errorf("it is no ledger: it has a bucket %q", name)
			}
			return nil
		}
		if format := meta.Get(formatKey); !bytes.Equal(format, []byte{fileFormat}) {
			return fmt.Errorf("its format is %x, expected %02x", format, fileFormat)
		}
		return nil
	}
	if readOnly {
		return f.view(check)
	}
	return f.update(func(tx *bolt.Tx) error {
		if err := check(tx); err != nil {
			return err
		}
		for _, name := range [][]byte{metaBucket, rigsBucket, rowsBucket, sharesBucket, roundsBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return tx.Bucket(metaBucket).Put(formatKey, []byte{fileFormat})
	})
}

func (f *file) close() error { return f.guarded(f.db.Close) }

func (f *file) view(do func(*bolt.Tx) error) error {
	return f.guarded(func() error { return f.db.View(do) })
}

func (f *file) update(do func(*bolt.Tx) error) error {
	return f.guarded(func() error { return f.db.Update(do) })
}

// guarded turns a panic into an error, and an access outside of the file too: bbolt has
// them where a page is not what it should be, as it may be by what happened after the
// check.
func (f *file) guarded(do func() error) (err error) {
	if f.dead.Load() {
		return boltcheck.ErrDamaged
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			f.dead.Store(true)
			err = fmt.Errorf("%w: %v", boltcheck.ErrDamaged, r)
		}
	}()
	return do()
}

// putJSON stores a value under a key.
func putJSON(b *bolt.Bucket, key []byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, raw)
}

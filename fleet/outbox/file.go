package outbox

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
	"github.com/bytom-solo/bytom-solo/fleet"
)

// file is an outbox on the disk. Its buckets:
//
//	meta     "format" → 1 byte; "ledger" → term, instance and id of the newest ledger heard of
//	epochs   place → the epoch there
//	batches  place, number → CRC-32C of what follows, a fleet.Batch
//
// Numbers are big-endian, of 8 bytes, so that batches lie in their order.
type file struct {
	*boltcheck.DB
}

var (
	metaBucket    = []byte("meta")
	epochsBucket  = []byte("epochs")
	batchesBucket = []byte("batches")
	ledgerKey     = []byte("ledger")
)

var fileFormat = boltcheck.Format{Kind: "outbox of a front", Bucket: batchesBucket, Create: createBuckets}

func createBuckets(tx *bolt.Tx) error {
	for _, name := range [][]byte{metaBucket, epochsBucket, batchesBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func batchKey(place, n uint64) []byte { return binary.BigEndian.AppendUint64(number(place), n) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encode is a batch as it lies in the file.
func encode(b *fleet.Batch) ([]byte, error) {
	raw, err := b.MarshalCBOR()
	if err != nil {
		return nil, err
	}
	return append(binary.BigEndian.AppendUint32(nil, crc32.Checksum(raw, castagnoli)), raw...), nil
}

// errSum is of a batch that is not what was written.
var errSum = errors.New("its checksum is wrong")

// decode is encode's reverse.
func decode(raw []byte) (*fleet.Batch, error) {
	if len(raw) < 4 || crc32.Checksum(raw[4:], castagnoli) != binary.BigEndian.Uint32(raw) {
		return nil, errSum
	}
	b := new(fleet.Batch)
	return b, b.UnmarshalCBOR(raw[4:])
}

// open opens the file, sets a damaged one aside, and begins an epoch.
func (o *Outbox) open() error {
	f, err := openFile(o.cfg, &o.index, &o.ledger.newest)
	if errors.Is(err, boltcheck.ErrDamaged) {
		to, failed := boltcheck.SetAside(o.cfg.Path, time.Now())
		if failed != nil {
			return errors.Join(err, failed)
		}
		o.log.Error("the outbox was damaged: it is set aside, and a new one begun; shares in it that the node had not booked yet are lost", "set_aside", to, "error", err)
		o.index, o.ledger = index{}, ledgerSight{}
		f, err = openFile(o.cfg, &o.index, &o.ledger.newest)
	}
	if err != nil {
		return err
	}
	o.file = f
	o.index.current = &epoch{place: o.index.nextPlace(), id: newEpoch(), oldest: 1}
	for _, e := range o.index.epochs {
		if len(e.kept) == 0 {
			e.booked = math.MaxUint64
		}
	}
	if n := o.index.batches; n > 0 {
		o.log.Info("shares of before wait for the node", "batches", n, "entries", o.index.entries, "bytes", o.index.bytes)
	}
	return nil
}

// newEpoch draws an epoch that nobody had before.
func newEpoch() uint64 {
	var b [8]byte
	for {
		_, _ = rand.Read(b[:]) // It does not fail.
		if n := binary.BigEndian.Uint64(b[:]); n != 0 {
			return n
		}
	}
}

func openFile(cfg Config, x *index, newest *fleet.LedgerState) (f *file, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("open the outbox %s: %w", cfg.Path, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o700); err != nil {
		return nil, err
	}
	fileFormat.WarnOfEmpty(cfg.Path, cfg.Log)
	// A list of free pages as long as an outbox can leave would be written each time.
	options := bolt.Options{FreelistType: bolt.FreelistMapType, NoFreelistSync: true}
	db, err := boltcheck.Open(cfg.Path, boltcheck.Options{Options: options, CheckTime: time.Minute})
	if err != nil {
		return nil, err
	}
	err = fileFormat.Prepare(db, cfg.Log)
	if err == nil && cfg.Network != "" {
		err = db.Claim(cfg.Network)
	}
	if err == nil {
		err = db.View(func(tx *bolt.Tx) error { return load(tx, x, newest, cfg.Log) })
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &file{db}, nil
}

// load reads what has to be in memory. Entries that make no sense are damage; batches that are
// not what was written are seen, and kept: what follows them must have its number.
func load(tx *bolt.Tx, x *index, newest *fleet.LedgerState, log *slog.Logger) error {
	if raw := tx.Bucket(metaBucket).Get(ledgerKey); len(raw) >= 16 {
		*newest = fleet.LedgerState{Term: binary.BigEndian.Uint64(raw), Instance: binary.BigEndian.Uint64(raw[8:]), ID: string(raw[16:])}
	}
	err := tx.Bucket(epochsBucket).ForEach(func(place, id []byte) error {
		if len(place) != 8 || len(id) != 8 {
			return fmt.Errorf("%w: an epoch's key of %d bytes, a value of %d", boltcheck.ErrDamaged, len(place), len(id))
		}
		x.epochs = append(x.epochs, &epoch{place: binary.BigEndian.Uint64(place), id: binary.BigEndian.Uint64(id)})
		return nil
	})
	if err != nil {
		return err
	}
	byPlace := make(map[uint64]*epoch)
	for _, e := range x.epochs {
		byPlace[e.place] = e
	}
	bad := 0
	err = tx.Bucket(batchesBucket).ForEach(func(key, raw []byte) error {
		if len(key) != 16 {
			return fmt.Errorf("%w: a batch's key of %d bytes", boltcheck.ErrDamaged, len(key))
		}
		n, e := binary.BigEndian.Uint64(key[8:]), byPlace[binary.BigEndian.Uint64(key)]
		if e == nil || n == 0 || len(e.kept) > 0 && n != e.next() {
			return fmt.Errorf("%w: batch %x is not of an epoch, or not the next one", boltcheck.ErrDamaged, key)
		}
		if len(e.kept) == 0 {
			e.oldest = n
		}
		b, err := decode(raw)
		if err != nil {
			b = &fleet.Batch{}
			bad++
		}
		if e.place == math.MaxUint64 { // Places count from 0, so that each has another behind it.
			return fmt.Errorf("%w: a batch's key %x", boltcheck.ErrDamaged, key)
		}
		e.kept = append(e.kept, batchSize{int32(len(raw)), int32(len(b.Entries))})
		x.batches, x.entries, x.bytes = x.batches+1, x.entries+len(b.Entries), x.bytes+int64(len(raw))
		return nil
	})
	if bad > 0 {
		log.Error("batches of shares in the outbox are damaged: empty ones go in their places", "batches", bad)
	}
	return err
}

// read is a batch of the file. One that is not what was written is an empty one, and damaged says
// why.
func (f *file) read(place, n uint64) (b *fleet.Batch, damaged, err error) {
	err = f.View(func(tx *bolt.Tx) error {
		raw := tx.Bucket(batchesBucket).Get(batchKey(place, n))
		if raw == nil {
			return fmt.Errorf("batch %d is not in the file", n)
		}
		b, damaged = decode(raw)
		return nil
	})
	if err == nil && damaged != nil {
		b = &fleet.Batch{}
	}
	return b, damaged, err
}

func putEpoch(tx *bolt.Tx, e *epoch) error {
	b := tx.Bucket(epochsBucket)
	if bytes.Equal(b.Get(number(e.place)), number(e.id)) {
		return nil
	}
	return b.Put(number(e.place), number(e.id))
}

func putLedger(tx *bolt.Tx, s fleet.LedgerState) error {
	return tx.Bucket(metaBucket).Put(ledgerKey, append(append(number(s.Term), number(s.Instance)...), s.ID...))
}

func (d deletion) write(tx *bolt.Tx) error {
	b := tx.Bucket(batchesBucket)
	c := b.Cursor()
	last := batchKey(d.place, d.upTo)
	for key, _ := c.Seek(number(d.place)); key != nil && bytes.Compare(key, last) <= 0; key, _ = c.Seek(number(d.place)) {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	if !d.over {
		return nil
	}
	return tx.Bucket(epochsBucket).Delete(number(d.place))
}

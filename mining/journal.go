package mining

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// Journal records every block that was found here, before it is passed to the chain, and
// then what becomes of it.
//
// It is a bbolt file: one transaction and one fsync a change, so that what a method
// returned from is on the disk. The blocks lie apart from their fates, which are
// small and change. All methods are safe for concurrent use; one process at a time
// can have the file open.
type Journal struct {
	db *boltcheck.DB

	mu     sync.Mutex
	writes int               // that are going on
	since  time.Time         // when the first of them began, or the latest other ended
	open   map[bc.Hash]*Fate // those not settled
	// settled counts all others, by their standing.
	settled map[FateState]int
	wrong   error // of the last write; nil if it succeeded
	lost    int   // bytes of a block for which there was no room; 0 is none
	watch   func(Fate, []Event)
}

var (
	blocksBucket = []byte("blocks")
	fatesBucket  = []byte("fates")
	probeBucket  = []byte("probe")
)

// errDuplicateEntry means that the block is in the journal already.
var errDuplicateEntry = errors.New("the block is in the journal already")

// OpenJournal opens the journal at a path, and creates it if there is none. log is told where
// the copy of an older format lies; nil discards that.
func OpenJournal(path string, log *slog.Logger) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	return openJournal(path, bolt.Options{}, log)
}

// ReadJournal opens a journal for reading alone. It fails if there is none, or if a
// node has it open.
func ReadJournal(path string) (*Journal, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	return openJournal(path, bolt.Options{ReadOnly: true}, nil)
}

func openJournal(path string, options bolt.Options, log *slog.Logger) (*Journal, error) {
	if !options.ReadOnly {
		journalFormat.WarnOfEmpty(path, log)
	}
	db, err := boltcheck.Open(path, boltcheck.Options{Options: options})
	if err != nil {
		return nil, fmt.Errorf("open the journal %s: %w", path, err)
	}
	j := &Journal{db: db, open: make(map[bc.Hash]*Fate), settled: make(map[FateState]int)}
	if options.ReadOnly {
		err = db.View(checkJournalFormat)
	} else {
		err = journalFormat.Prepare(db, log)
	}
	if err == nil {
		err = j.each(func(f *Fate) {
			if !f.Settled {
				j.open[f.ID] = f
			}
		})
	}
	if err == nil {
		err = j.countSettled()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the journal %s: %w", path, err), db.Close())
	}
	return j, nil
}

// Claim marks the journal as one of a network; the error says that it is another's: see
// boltcheck.DB.Claim.
func (j *Journal) Claim(network string) error { return j.db.Claim(network) }

// Close closes the file.
func (j *Journal) Close() error { return j.db.Close() }

// Copy writes a file at a path that is as the journal is at one moment: see boltcheck.DB.Copy.
func (j *Journal) Copy(path string) (bytes int64, err error) { return j.db.Copy(path) }

// probeRoom is how much a probe writes after a block was lost: what is free within the file
// takes a short one while there is no room for a block.
const probeRoom = 64 << 10

// Probe writes to the file, so that Failing says whether that works before a block is found.
// After a failure it writes as much as a block may need.
func (j *Journal) Probe() {
	j.mu.Lock()
	size := 0
	if j.lost > 0 {
		size = max(probeRoom, 2*j.lost)
	}
	j.mu.Unlock()
	err := j.write(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(probeBucket)
		if err != nil {
			return err
		}
		return b.Put(probeBucket, append([]byte(time.Now().UTC().Format(time.RFC3339)), make([]byte, size)...))
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.wrong = err; err == nil {
		j.lost = 0
	}
}

// slowWrite is how long a write takes before the disk is said to hang.
const slowWrite = 10 * time.Second

// Failing is why the last write failed, or why a block was not written that there still is no
// room for, or that a write takes long; nil if all is well.
func (j *Journal) Failing() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if took := time.Since(j.since); j.writes > 0 && took > slowWrite {
		return fmt.Errorf("the disk has not answered for %v", took.Round(time.Second))
	}
	return j.wrong
}

// write has bbolt run a transaction, and notes how long the disk takes.
func (j *Journal) write(do func(*bolt.Tx) error) error {
	j.mu.Lock()
	if j.writes++; j.writes == 1 {
		j.since = time.Now()
	}
	j.mu.Unlock()
	defer func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.writes--
		j.since = time.Now()
	}()
	return j.db.Update(do)
}

// Watch registers f, which is called with each block's new events once they are on the
// disk. f must not block. Watch has to be called before the journal is used.
func (j *Journal) Watch(f func(Fate, []Event)) { j.watch = f }

// Record adds a block, with the time at which it was found and its finder. It returns when
// the disk has it.
func (j *Journal) Record(block *types.Block, found time.Time, by Finder) error {
	text, err := block.MarshalText()
	if err != nil {
		return fmt.Errorf("journal: serialise the block: %w", err)
	}
	fate := newFate(block, found)
	fate.By = by
	err = j.change(fate.ID, func(tx *bolt.Tx, old *Fate) (*Fate, []Event, error) {
		if old != nil {
			return nil, nil, errDuplicateEntry
		}
		return fate, fate.Events, tx.Bucket(blocksBucket).Put(fate.ID.Bytes(), text)
	})
	if !errors.Is(err, errDuplicateEntry) {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.wrong, j.lost = err, 0; err != nil {
			j.lost = len(text)
		}
	}
	return err
}

// Resolve records the chain's verdict on a block of the journal, and the events around it.
func (j *Journal) Resolve(id bc.Hash, verdict string, events ...Event) error {
	return j.update(id, events, func(f *Fate) {
		f.Verdict = verdict
		f.Settled = len(events) > 0 && events[len(events)-1].State == StateRefused
	})
}

// ResolveForNow is Resolve of a verdict that may not be the last.
func (j *Journal) ResolveForNow(id bc.Hash, verdict string, events ...Event) error {
	return j.update(id, events, func(f *Fate) { f.Verdict, f.Settled = verdict, false })
}

// Append adds events to a block of the journal; settled says that they are its last.
func (j *Journal) Append(id bc.Hash, settled bool, events ...Event) error {
	return j.update(id, events, func(f *Fate) { f.Settled = settled })
}

func (j *Journal) update(id bc.Hash, events []Event, with func(*Fate)) error {
	return j.change(id, func(_ *bolt.Tx, f *Fate) (*Fate, []Event, error) {
		if f == nil {
			return nil, nil, fmt.Errorf("block %s is not in the journal", id.String())
		}
		fresh := f.fresh(events)
		f.Events = append(f.Events, fresh...)
		with(f)
		return f, fresh, nil
	})
}

// change replaces a fate by f's result, and passes the events that f returns to the watcher.
func (j *Journal) change(id bc.Hash, f func(tx *bolt.Tx, old *Fate) (*Fate, []Event, error)) error {
	var now *Fate
	var events []Event
	var was, is FateState // where it stands; empty where that may change
	err := j.write(func(tx *bolt.Tx) error {
		fates := tx.Bucket(fatesBucket)
		old, err := readFate(id.Bytes(), fates.Get(id.Bytes()))
		if err != nil {
			return err
		}
		was = old.settledAs(fates)
		if now, events, err = f(tx, old); err != nil {
			return err
		}
		is = now.settledAs(fates)
		raw, err := json.Marshal(now)
		if err != nil {
			return err
		}
		return fates.Put(id.Bytes(), raw)
	})
	if err != nil {
		if !errors.Is(err, errDuplicateEntry) {
			j.mu.Lock()
			j.wrong = err
			j.mu.Unlock()
		}
		return fmt.Errorf("journal: %w", err)
	}
	j.mu.Lock()
	if j.lost == 0 { // There may be room for a line, and none for a block.
		j.wrong = nil
	}
	if delete(j.open, id); !now.Settled {
		j.open[id] = now
	}
	j.recount(was, is)
	j.mu.Unlock()
	if j.watch != nil && len(events) > 0 {
		j.watch(*now, events)
	}
	return nil
}

// readFate reads the entry of a key, which is its block's hash; nil if there is none.
func readFate(key, raw []byte) (*Fate, error) {
	if raw == nil {
		return nil, nil
	}
	f := &Fate{}
	if err := json.Unmarshal(raw, f); err != nil {
		return nil, fmt.Errorf("%w: entry %x can't be read: %w", boltcheck.ErrDamaged, key, err)
	}
	if !bytes.Equal(f.ID.Bytes(), key) {
		return nil, fmt.Errorf("%w: entry %x is of block %s, expected the one of its key", boltcheck.ErrDamaged, key, f.ID.String())
	}
	return f, nil
}

func (j *Journal) each(f func(*Fate)) error {
	return j.db.View(func(tx *bolt.Tx) error {
		fates := tx.Bucket(fatesBucket)
		if fates == nil {
			return nil // Opened for reading before anything was written.
		}
		return fates.ForEach(func(key, raw []byte) error {
			fate, err := readFate(key, raw)
			if err == nil {
				f(fate)
			}
			return err
		})
	})
}

// Fates are those of all found blocks, the lowest first.
func (j *Journal) Fates() ([]Fate, error) {
	var all []Fate
	if err := j.each(func(f *Fate) { all = append(all, *f) }); err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	sortFates(all)
	return all, nil
}

// Open are the fates that are not settled, the lowest first.
func (j *Journal) Open() []Fate {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := make([]Fate, 0, len(j.open))
	for _, f := range j.open {
		all = append(all, *f)
	}
	sortFates(all)
	return all
}

// Fate is what is known of one block; false if it was not found here.
func (j *Journal) Fate(id bc.Hash) (f Fate, ok bool, err error) {
	err = j.db.View(func(tx *bolt.Tx) error {
		fates := tx.Bucket(fatesBucket)
		if fates == nil {
			return nil
		}
		fate, err := readFate(id.Bytes(), fates.Get(id.Bytes()))
		if fate != nil {
			f, ok = *fate, true
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("journal: %w", err)
	}
	return f, ok, err
}

// Has reports whether a block was found here: false as well where there is no journal, or it
// can't be read.
func (j *Journal) Has(id bc.Hash) bool {
	if j == nil {
		return false
	}
	_, ok, err := j.Fate(id)
	return ok && err == nil
}

// Block is a recorded block, whole.
func (j *Journal) Block(id bc.Hash) (*types.Block, error) {
	b := &types.Block{}
	err := j.db.View(func(tx *bolt.Tx) error {
		blocks := tx.Bucket(blocksBucket)
		if blocks == nil {
			return errors.New("it is empty")
		}
		text := blocks.Get(id.Bytes())
		if text == nil {
			return errors.New("the block is not in it")
		}
		if err := Decode(b, text); err != nil {
			return fmt.Errorf("%w: %w", boltcheck.ErrDamaged, err)
		}
		if h := b.Hash(); h != id {
			return fmt.Errorf("%w: block %s lies in its place", boltcheck.ErrDamaged, h.String())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("journal: block %s: %w", id.String(), err)
	}
	return b, nil
}

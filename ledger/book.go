package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// Batches of shares come from servers of rigs on other machines, fronts, which keep each until it
// is booked here and on the disk. So each comes once or more often, in any order, and counts once.
//
// The file has a bucket for that, which versions before it pass over:
//
//	fronts  front, 0, epoch (8 bytes) → the highest number of it that is booked
//
// and in meta "term" → that of the latest opening for fronts.

// BatchID says which batch of a front's it is.
type BatchID struct {
	// Front is its name or key, Epoch its word for a run of it.
	Front string
	Epoch uint64
	// Number counts the batches of an epoch from 1 on. Oldest is the lowest that the front still
	// keeps: those before it are booked, be it in a ledger that is lost.
	Number, Oldest uint64
}

// markKey is an epoch of a front.
type markKey struct {
	front string
	epoch uint64
}

func (k markKey) bytes() []byte {
	return binary.BigEndian.AppendUint64(append([]byte(k.front), 0), k.epoch)
}

// marks are how far the batches of each epoch are booked.
type marks struct {
	booked, onDisk map[markKey]uint64
	fresh          map[markKey]uint64 // booked, and not on the disk
}

func newMarks() marks {
	return marks{make(map[markKey]uint64), make(map[markKey]uint64), make(map[markKey]uint64)}
}

var (
	frontsBucket = []byte("fronts")
	termKey      = []byte("term")
)

// Why a batch is not booked.
var (
	// ErrGap means that a batch is not the next of its epoch: those before it have to come first.
	ErrGap = errors.New("a batch before this one is missing")
	// ErrNotKept means that the ledger has no file, so that what is booked would be lost.
	ErrNotKept = errors.New("the ledger has no file")
	// ErrFull means that too much waits for the disk.
	ErrFull = errors.New("too much waits to be written to the ledger")
)

// mostBooked bounds what may wait for the disk where batches are taken. It is far less than may
// wait in all, so that what is booked is never dropped.
const mostBooked = mostPending / 2

// Book counts a batch, as Add counts each of its entries and Login each of kind LoggedIn, unless
// it has been booked. It changes memory alone: see BookedOnDisk. booked is false for a batch that
// was booked before. The error is of kind ErrGap, ErrNotKept or ErrFull, and then nothing of it
// was counted.
func (l *Ledger) Book(id BatchID, entries []Entry) (booked bool, err error) {
	if l.file == nil || l.cfg.ReadOnly {
		return false, ErrNotKept
	}
	before, booked, err := l.book(id, entries)
	if booked && id.Number > before+1 {
		l.log.Warn("batches of a front were booked in another ledger, or in this one after the copy that it is of: they are not in it",
			"front", id.Front, "epoch", id.Epoch, "from", before+1, "to", id.Number-1)
	}
	return booked, err
}

// book is Book. before is what of the epoch was booked by then.
func (l *Ledger) book(id BatchID, entries []Entry) (before uint64, booked bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := markKey{id.Front, id.Epoch}
	before = l.marks.booked[key]
	next := max(before+1, id.Oldest)
	switch {
	case id.Number < next:
		return before, false, nil
	case id.Number > next:
		return before, false, fmt.Errorf("%w: batch %d of %s, expected %d", ErrGap, id.Number, id.Front, next)
	case l.writing+max(len(l.pending)+len(entries), len(l.rows)) > mostBooked:
		return before, false, fmt.Errorf("%w: %d shares, %d rows, and %d in a write under way", ErrFull, len(l.pending), len(l.rows), l.writing)
	}
	for _, e := range entries {
		if e.Kind == LoggedIn {
			l.rigOf(e)
			continue
		}
		l.add(e)
	}
	l.marks.booked[key], l.marks.fresh[key] = id.Number, id.Number
	return before, true, nil
}

// BookedOnDisk is the highest batch of an epoch that is on the disk, 0 if none is: what a front
// need not keep any more.
func (l *Ledger) BookedOnDisk(front string, epoch uint64) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.marks.onDisk[markKey{front, epoch}]
}

// BookedFrom reports whether any batch of a front was ever booked.
func (l *Ledger) BookedFrom(front string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key := range l.marks.booked {
		if key.front == front {
			return true
		}
	}
	return false
}

// RaiseTerm begins a term of this ledger, in which it is the one that fronts' shares are booked in.
// It is on the disk, and higher than all before it: the time in Unix milliseconds, or one more than
// the former where the clock is behind that. So the term of a new ledger is also higher than those
// of one that is lost, and that of a copy put back than those of what it was copied from.
func (l *Ledger) RaiseTerm() (term uint64, err error) {
	if l.file == nil || l.cfg.ReadOnly {
		return 0, ErrNotKept
	}
	err = l.file.Update(func(tx *bolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		if raw := meta.Get(termKey); raw != nil {
			if err := unpack(raw, &term); err != nil {
				return err
			}
		}
		term = max(term+1, uint64(max(0, l.cfg.Now().UnixMilli())))
		return meta.Put(termKey, pack(term))
	})
	if err != nil {
		return 0, fmt.Errorf("write the ledger %s: %w", l.cfg.Path, err)
	}
	return term, nil
}

// loadMarks reads how far batches are booked.
func (l *Ledger) loadMarks(tx *bolt.Tx) error {
	b := tx.Bucket(frontsBucket)
	if b == nil {
		return nil
	}
	return b.ForEach(func(raw, number []byte) error {
		at := bytes.IndexByte(raw, 0)
		if at < 0 || len(raw)-at != 9 || len(number) != 8 {
			return fmt.Errorf("a front's key of %d bytes, a number of %d", len(raw), len(number))
		}
		key := markKey{string(raw[:at]), binary.BigEndian.Uint64(raw[at+1:])}
		l.marks.booked[key], l.marks.onDisk[key] = binary.BigEndian.Uint64(number), binary.BigEndian.Uint64(number)
		return nil
	})
}

// take returns what is not on the disk.
func (m *marks) take() map[markKey]uint64 {
	fresh := m.fresh
	m.fresh = make(map[markKey]uint64)
	return fresh
}

// putBack is take's reverse.
func (m *marks) putBack(taken map[markKey]uint64) {
	for key, number := range taken {
		m.fresh[key] = max(m.fresh[key], number)
	}
}

// written notes what take returned as being on the disk.
func (m *marks) written(taken map[markKey]uint64) {
	for key, number := range taken {
		m.onDisk[key] = number
	}
}

func writeMarks(tx *bolt.Tx, fresh map[markKey]uint64) error {
	if len(fresh) == 0 {
		return nil
	}
	b, err := tx.CreateBucketIfNotExists(frontsBucket)
	if err != nil {
		return err
	}
	for key, number := range fresh {
		if err := b.Put(key.bytes(), pack(number)); err != nil {
			return fmt.Errorf("front %q: %w", key.front, err)
		}
	}
	return nil
}

package ledger

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// open opens the file and reads what has to be in memory.
func (l *Ledger) open() error {
	f, err := openFile(l.cfg.Path, l.cfg.ReadOnly, l.log)
	if err != nil {
		return err
	}
	l.file = f
	if err := f.View(l.loadWhole); err != nil {
		fresh := newInMemory(l.cfg) // Half of it is worse than none.
		l.rigs, l.rows, l.file, l.owners, l.marks, l.id = fresh.rigs, fresh.rows, nil, fresh.owners, fresh.marks, fresh.id
		l.sequence, l.round, l.nextID, l.seen = 0, 0, 0, time.Time{}
		return errors.Join(fmt.Errorf("read the ledger %s: %w", l.cfg.Path, err), f.Close())
	}
	return nil
}

// setAside moves a damaged file out of the way, to a name that says what it is.
func (l *Ledger) setAside() (to string, err error) {
	return boltcheck.SetAside(l.cfg.Path, l.cfg.Now())
}

// loadWhole is load, for which entries that make no sense are damage.
func (l *Ledger) loadWhole(tx *bolt.Tx) error {
	if err := l.load(tx); err != nil {
		return fmt.Errorf("%w: %w", boltcheck.ErrDamaged, err)
	}
	return nil
}

func (l *Ledger) load(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		return nil // Opened for reading before anything was written.
	}
	if raw := meta.Get(nextKey); raw != nil {
		var next nextNumbers
		if err := unpack(raw, &next); err != nil {
			return err
		}
		l.sequence, l.round, l.nextID = next.Sequence, next.Round, next.Rig
	}
	byID := make(map[uint32]*rigState)
	err := tx.Bucket(rigsBucket).ForEach(func(name, raw []byte) error {
		r := &rigState{}
		if err := json.Unmarshal(raw, &r.summary); err != nil {
			return fmt.Errorf("rig %q: %w", name, err)
		}
		r.id, r.rates.start, r.met = r.summary.ID, r.summary.First, l.opened
		if byID[r.id] != nil {
			return fmt.Errorf("rig %q has the id %d, as another has", name, r.id)
		}
		l.nextID = max(l.nextID, r.id+1)
		if r.rates.start.After(l.opened) {
			r.rates.start = l.opened // The clock was ahead then, or is behind now.
		}
		l.rigs[string(name)], byID[r.id] = r, r
		return nil
	})
	if err != nil {
		return err
	}
	if err := l.loadSeen(meta); err != nil {
		return err
	}
	l.id = "" // Older formats have none.
	if l.file.format > formerFormat {
		if err := l.loadOwners(tx); err != nil {
			return err
		}
	}
	if err := l.loadMarks(tx); err != nil {
		return err
	}
	if err := checkBlocks(tx); err != nil {
		return err
	}
	now := l.opened
	logged, err := l.loadRates(tx, byID, now)
	if err != nil {
		return err
	}
	return loadDay(tx.Bucket(rowsBucket), byID, now, logged)
}

// checkBlocks looks at what is read when somebody asks for it: blocks are few.
func checkBlocks(tx *bolt.Tx) error {
	err := tx.Bucket(roundsBucket).ForEach(func(key, raw []byte) error {
		var b Block
		if err := json.Unmarshal(raw, &b); err != nil {
			return fmt.Errorf("block of round %x: %w", key, err)
		}
		return nil
	})
	solved := tx.Bucket(solvedBucket)
	if err != nil || solved == nil {
		return err
	}
	return solved.ForEach(func(hash, raw []byte) error {
		var sequence uint64
		return unpack(raw, &sequence)
	})
}

// loadRates fills the last day's rates from the log of shares, and returns how far that
// reaches back in this day. All of the log is looked at: shares that came while the clock
// was wrong lie among the others, and each must have an owner.
func (l *Ledger) loadRates(tx *bolt.Tx, byID map[uint32]*rigState, now time.Time) (logged time.Time, err error) {
	logged = now
	from := now.Add(-25 * time.Hour)
	err = l.file.eachRun(tx, func(r run) error {
		for i := range r.len() {
			s := r.at(i)
			if !l.owners.has(s.owner) {
				return errNoOwner(s)
			}
			if err := plausible("a share", s.milli, s.effective, s.network); err != nil {
				return err
			}
			at := time.UnixMilli(s.milli)
			if at.Before(from) || at.After(now) {
				continue
			}
			if at.Before(logged) {
				logged = at
			}
			if r := byID[s.rig]; r != nil {
				r.rates.add(at, s.effective)
			}
		}
		return nil
	})
	return logged, err
}

// loadDay has the last day's rows stand for the shares that the log has no more.
func loadDay(b *bolt.Bucket, byID map[uint32]*rigState, now, logged time.Time) error {
	return eachRow(b, hourOf(now.Add(-25*time.Hour)), func(key rowKey, row Row) {
		if end := key.time().Add(time.Hour); byID[key.rig] != nil && end.Before(logged) {
			byID[key.rig].rates.rings[2].add(end.Unix()/ringWidths[2]-1, row.Work, 4)
		}
	})
}

// eachRow visits the rows from an hour on, in order.
func eachRow(b *bolt.Bucket, from uint32, visit func(rowKey, Row)) error {
	c := b.Cursor()
	for raw, value := c.Seek(pack(from)); raw != nil; raw, value = c.Next() {
		if len(raw) != 12 {
			return fmt.Errorf("a row's key of %d bytes", len(raw))
		}
		key := rowKey{binary.BigEndian.Uint32(raw), binary.BigEndian.Uint32(raw[4:]), binary.BigEndian.Uint32(raw[8:])}
		row := Row{Hour: key.time(), Round: key.round}
		if err := plausible("a row's key", row.Hour.UnixMilli()); err != nil {
			return err
		}
		if err := unpackRow(value, &row); err != nil {
			return err
		}
		visit(key, row)
	}
	return nil
}

// loadSeen finds out when the file was last written. A file of a version that did not note
// it says when a rig was last there.
func (l *Ledger) loadSeen(meta *bolt.Bucket) error {
	if raw := meta.Get(lastSeenKey); raw != nil {
		var milli int64
		if err := unpack(raw, &milli); err != nil {
			return err
		}
		l.seen = unixMilli(milli)
		return nil
	}
	for _, r := range l.rigs {
		if r.summary.Seen.After(l.seen) {
			l.seen = r.summary.Seen
		}
	}
	return nil
}

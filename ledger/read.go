package ledger

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// open opens the file and reads what has to be in memory.
func (l *Ledger) open() error {
	f, err := openFile(l.cfg.Path, l.cfg.ReadOnly)
	if err != nil {
		return err
	}
	l.file = f
	if err := f.view(l.loadWhole); err != nil {
		fresh := newInMemory(l.cfg) // Half of it is worse than none.
		l.rigs, l.rows, l.file = fresh.rigs, fresh.rows, nil
		l.sequence, l.round, l.nextID, l.seen = 0, 0, 0, time.Time{}
		return errors.Join(fmt.Errorf("read the ledger %s: %w", l.cfg.Path, err), f.close())
	}
	return nil
}

// setAside moves a damaged file out of the way, to where its name tells what it is.
func (l *Ledger) setAside() (to string, err error) {
	to = l.cfg.Path + ".damaged-" + l.cfg.Now().UTC().Format("20060102T150405")
	return to, os.Rename(l.cfg.Path, to)
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
	now := l.opened
	logged, err := loadRates(tx.Bucket(sharesBucket), byID, now)
	if err != nil {
		return err
	}
	return loadDay(tx.Bucket(rowsBucket), byID, now, logged)
}

// loadRates fills the last day's rates from the log of shares, and tells how far that
// reaches back in this day. All of the log is looked at: shares that came while the clock
// was wrong lie among the others.
func loadRates(b *bolt.Bucket, byID map[uint32]*rigState, now time.Time) (logged time.Time, err error) {
	logged = now
	from := now.Add(-25 * time.Hour)
	c := b.Cursor()
	for key, raw := c.First(); key != nil; key, raw = c.Next() {
		shares, err := unpackShares(key, raw)
		if err != nil {
			return logged, err
		}
		for _, s := range shares {
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
	}
	return logged, nil
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
		if err := unpackRow(value, &row); err != nil {
			return err
		}
		visit(key, row)
	}
	return nil
}

// RigTotals is what a rig did in all.
type RigTotals struct {
	Rig     string `json:"rig"`
	Address string `json:"address"`
	Agent   string `json:"agent"`
	// First and Seen are the times of the first and of the latest login or submit, Last
	// that of the last accepted share, nil if there was none.
	First time.Time  `json:"first"`
	Seen  time.Time  `json:"seen"`
	Last  *time.Time `json:"last_share"`
	Tally
	Hashrate Rates `json:"hashrate"`
}

// Rigs are all rigs, by name.
func (l *Ledger) Rigs(now time.Time) []RigTotals {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]RigTotals, 0, len(l.rigs))
	for name, r := range l.rigs {
		s := r.summary
		all = append(all, RigTotals{name, s.Address, s.Agent, s.First, s.Seen, timeOrNil(s.Last), s.Tally, r.rates.rates(l.steady(now))})
	}
	slices.SortFunc(all, func(a, b RigTotals) int { return cmp.Compare(a.Rig, b.Rig) })
	return all
}

// timeOrNil is a time, nil for none.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Rows are the rows from the hour of a time on, in the order of time, rounds and rigs'
// first appearance.
func (l *Ledger) Rows(from time.Time) ([]Row, error) {
	rows := make(map[rowKey]*Row)
	// No write may come between the disk's part and the memory's.
	l.disk.Lock()
	defer l.disk.Unlock()
	err := l.read(rowsBucket, func(b *bolt.Bucket) error {
		return eachRow(b, hourOf(from), func(key rowKey, row Row) { rows[key] = &row })
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, row := range l.rows {
		if key.hour < hourOf(from) {
			continue
		}
		if rows[key] == nil {
			rows[key] = &Row{Hour: row.Hour, Round: row.Round}
		}
		rows[key].add(row)
	}
	names := l.names()
	keys := make([]rowKey, 0, len(rows))
	for key := range rows {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b rowKey) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.round, b.round), cmp.Compare(a.rig, b.rig))
	})
	all := make([]Row, 0, len(keys))
	for _, key := range keys {
		row := rows[key]
		row.Rig = cmp.Or(names[key.rig], OtherRigs)
		all = append(all, *row)
	}
	return all, err
}

// Shares visits the accepted shares that are still in the log, the latest first, until
// visit returns false. It must not call the Ledger.
func (l *Ledger) Shares(visit func(Share) bool) error {
	l.disk.Lock()
	defer l.disk.Unlock()
	l.mu.Lock()
	names, pending := l.names(), slices.Clone(l.pending)
	l.mu.Unlock()
	tell := func(shares []loggedShare) bool {
		for _, s := range slices.Backward(shares) {
			if !visit(Share{s.sequence, time.UnixMilli(s.milli).UTC(), cmp.Or(names[s.rig], OtherRigs), s.effective, s.network}) {
				return false
			}
		}
		return true
	}
	if !tell(pending) {
		return nil
	}
	return l.read(sharesBucket, func(b *bolt.Bucket) error {
		c := b.Cursor()
		for key, raw := c.Last(); key != nil; key, raw = c.Prev() {
			shares, err := unpackShares(key, raw)
			if err != nil || !tell(shares) {
				return err
			}
		}
		return nil
	})
}

// Blocks are those that rigs found, oldest first.
func (l *Ledger) Blocks() ([]Block, error) {
	var all []Block
	l.disk.Lock()
	defer l.disk.Unlock()
	err := l.read(roundsBucket, func(b *bolt.Bucket) error {
		return b.ForEach(func(_, raw []byte) error {
			var block Block
			err := json.Unmarshal(raw, &block)
			all = append(all, block)
			return err
		})
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(all, l.blocks...), err
}

// names are the rigs' by id. l.mu must be held.
func (l *Ledger) names() map[uint32]string {
	names := make(map[uint32]string, len(l.rigs))
	for name, r := range l.rigs {
		names[r.id] = name
	}
	return names
}

// read visits a bucket of the file, if there is one.
func (l *Ledger) read(bucket []byte, visit func(*bolt.Bucket) error) error {
	if l.file == nil {
		return nil
	}
	err := l.file.view(func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucket); b != nil {
			return visit(b)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the ledger %s: %w", l.cfg.Path, err)
	}
	return nil
}

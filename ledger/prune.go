package ledger

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	bolt "go.etcd.io/bbolt"
)

// prune deletes what is too old or too much, and rigs of which nothing is left. What is
// too old follows from the rows alone: a clock that is wrong for once adds a day to
// them, and takes at most one away.
func (l *Ledger) prune(now time.Time) error {
	if l.file == nil || l.cfg.ReadOnly {
		return nil
	}
	l.disk.Lock()
	defer l.disk.Unlock()
	var limit time.Time
	var left map[uint32]bool
	var named map[uint32]bool
	l.mu.Lock()
	kept := l.kept
	l.mu.Unlock()
	err := l.file.Update(func(tx *bolt.Tx) (err error) {
		rows := tx.Bucket(rowsBucket)
		limit = oldestKept(rows, l.cfg.Days)
		if err := pruneRows(rows, limit, l.cfg.Rows); err != nil {
			return err
		}
		if err := pruneShares(tx.Bucket(logBucket), limit, l.cfg.Shares, kept); err != nil {
			return err
		}
		if err := pruneSolved(tx); err != nil {
			return err
		}
		if named, err = ownersOf(tx.Bucket(logBucket)); err != nil {
			return err
		}
		if !limit.IsZero() {
			left = rigsOf(rows)
		}
		return putSeen(tx, now)
	})
	if err != nil {
		return fmt.Errorf("shorten the ledger %s: %w", l.cfg.Path, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owners.forgetBut(named, l.pending)
	for name, r := range l.rigs {
		gone := r.summary.Seen.Before(limit) && !left[r.id]
		never := r.summary.Accepted == 0
		if (gone || never) && now.Sub(r.met) > 24*time.Hour {
			l.forget(name, r.id)
		}
	}
	return nil
}

const hoursPerDay = 24

// oldestKept is the start of the oldest day to keep: the latest that has rows, and so many
// before it. It is the zero time where there are no more than that.
func oldestKept(rows *bolt.Bucket, days int) time.Time {
	c := rows.Cursor()
	key, _ := c.Last()
	for range days {
		if len(key) != 12 {
			return time.Time{}
		}
		start := binary.BigEndian.Uint32(key) / hoursPerDay * hoursPerDay
		c.Seek(pack(start)) // The day's first row; the one before is of another day.
		key, _ = c.Prev()
	}
	if len(key) != 12 {
		return time.Time{}
	}
	return rowKey{hour: binary.BigEndian.Uint32(key) / hoursPerDay * hoursPerDay}.time()
}

// rigsOf are the ids of the rigs that have rows.
func rigsOf(rows *bolt.Bucket) map[uint32]bool {
	ids := make(map[uint32]bool)
	c := rows.Cursor()
	for key, _ := c.First(); key != nil; key, _ = c.Next() {
		if len(key) == 12 {
			ids[binary.BigEndian.Uint32(key[8:])] = true
		}
	}
	return ids
}

func pruneRows(b *bolt.Bucket, limit time.Time, most int) error {
	over := b.Stats().KeyN - most
	c := b.Cursor()
	for key, _ := c.First(); key != nil; key, _ = c.First() {
		if len(key) == 12 && binary.BigEndian.Uint32(key) >= hourOf(limit) && over <= 0 {
			return nil
		}
		if err := c.Delete(); err != nil {
			return err
		}
		over--
	}
	return nil
}

// pruneShares deletes the oldest shares until none is too old and no more than most are left,
// but none from kept on. What was written at once goes at once.
func pruneShares(b *bolt.Bucket, limit time.Time, most int, kept uint64) error {
	oldest := int64(math.MinInt64)
	if !limit.IsZero() {
		oldest = limit.UnixMilli()
	}
	total := 0
	c := b.Cursor()
	for key, raw := c.First(); key != nil; key, raw = c.Next() {
		total += len(raw) / loggedSize
	}
	for key, raw := c.First(); key != nil; key, raw = c.First() {
		r, err := runOf(key, raw, loggedSize)
		if err == nil && r.len() > 0 {
			last := r.at(r.len() - 1)
			if last.sequence >= kept || total <= most && last.milli >= oldest {
				return nil
			}
		}
		total -= len(raw) / loggedSize
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}

package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Run writes to the disk every Config.Flush, and deletes once an hour what is too old or
// too much. It returns ctx's error when ctx ends; Close writes what came since.
func (l *Ledger) Run(ctx context.Context) error {
	if l.file == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	tick := time.NewTicker(l.cfg.Flush)
	defer tick.Stop()
	failing, pruned := false, time.Time{}
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := l.Flush()
		if now := l.cfg.Now(); err == nil && now.Sub(pruned).Abs() >= time.Hour {
			pruned = now
			err = l.prune(now)
		}
		if err != nil && !failing {
			l.log.Error("what rigs do can't be written; it is kept in memory, and tried again", "error", err)
		}
		if err == nil && failing {
			l.log.Info("what rigs do is written again")
		}
		failing = err != nil
	}
}

// Close writes what is left, and closes the file. Nothing may be counted afterwards. An error
// says that something was lost.
func (l *Ledger) Close() error {
	if l.file == nil {
		return nil
	}
	err := l.Flush()
	if unseen := l.writeSeen(l.cfg.Now()); err == nil && unseen != nil {
		l.log.Warn("the time of the stop can't be written; a wrong clock at the next start may go unseen", "error", unseen)
	}
	l.disk.Lock()
	defer l.disk.Unlock()
	return errors.Join(err, l.file.Close())
}

// batch is what one write brings to the disk.
type batch struct {
	rigs   map[string]rigSummary
	rows   map[rowKey]*Row
	shares []loggedShare
	blocks []Block
	gone   []string
	next   nextNumbers
	owners ownerChanges
	solved map[string]uint64
	marks  map[markKey]uint64
}

func (b *batch) empty() bool {
	return len(b.rigs)+len(b.rows)+len(b.shares)+len(b.blocks)+len(b.gone)+len(b.marks) == 0 && b.owners.empty()
}

// Flush writes what was counted since the last time, in one transaction. If it fails,
// nothing was written, and the next one tries all of it again.
func (l *Ledger) Flush() error {
	if l.file == nil || l.cfg.ReadOnly {
		return nil
	}
	l.disk.Lock()
	defer l.disk.Unlock()
	b := l.take()
	if b.empty() {
		return nil
	}
	err := l.file.Update(b.write)
	l.failing.Store(err != nil)
	if err != nil {
		l.putBack(b)
		return fmt.Errorf("write the ledger %s: %w", l.cfg.Path, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marks.written(b.marks)
	l.writing = 0
	return nil
}

// take copies what is not on the disk, and counts it as written.
func (l *Ledger) take() *batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &batch{
		rigs: make(map[string]rigSummary), rows: l.rows, shares: l.pending, blocks: l.blocks, gone: l.gone,
		next: nextNumbers{l.sequence, l.round, l.nextID}, owners: l.owners.take(), solved: l.solved, marks: l.marks.take(),
	}
	l.writing = max(len(l.pending), len(l.rows))
	// What comes next is as much as came, more or less: as many as grow are copied twice.
	l.rows, l.pending = make(map[rowKey]*Row, len(b.rows)), make([]loggedShare, 0, len(b.shares))
	l.blocks, l.gone, l.solved = nil, nil, make(map[string]uint64)
	for name, r := range l.rigs {
		if r.dirty {
			b.rigs[name] = r.summary
			r.dirty = false
		}
	}
	return b
}

// putBack is take's reverse. What can't be held any more is lost, the oldest first.
func (l *Ledger) putBack(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name := range b.rigs {
		if r := l.rigs[name]; r != nil {
			r.dirty = true
		}
	}
	for key, row := range l.rows {
		if old := b.rows[key]; old != nil {
			old.add(row)
		} else {
			b.rows[key] = row
		}
	}
	l.rows = b.rows
	l.pending = append(b.shares, l.pending...)
	l.blocks = append(b.blocks, l.blocks...)
	l.gone = append(b.gone, l.gone...)
	l.owners.putBack(b.owners)
	l.marks.putBack(b.marks)
	l.writing = 0
	maps.Copy(l.solved, b.solved) // The first share that made a block is the one.
	l.trim()
}

// trim drops the oldest of what can't be held any more. What fronts were not told is on the disk
// is never dropped: they would send it again, and it counts as booked. Book takes no more of it
// long before, so that what is dropped instead, the newest, is this process's own.
func (l *Ledger) trim() {
	if len(l.marks.fresh) > 0 {
		l.pending = slices.Clone(l.pending[:min(len(l.pending), 2*mostPending)])
		return
	}
	l.pending = slices.Clone(l.pending[max(0, len(l.pending)-mostPending):])
	for len(l.rows) > mostPending {
		oldest := rowKey{hour: ^uint32(0)}
		for key := range l.rows {
			oldest.hour = min(oldest.hour, key.hour)
		}
		for key := range l.rows {
			if key.hour == oldest.hour {
				delete(l.rows, key)
			}
		}
	}
}

func (b *batch) write(tx *bolt.Tx) error {
	rigs, rows := tx.Bucket(rigsBucket), tx.Bucket(rowsBucket)
	rows.FillPercent = 0.9 // Most are new, and behind all others.
	for _, name := range b.gone {
		if err := rigs.Delete([]byte(name)); err != nil {
			return err
		}
	}
	for name, s := range b.rigs {
		if err := putJSON(rigs, []byte(name), s); err != nil {
			return fmt.Errorf("rig %q: %w", name, err)
		}
	}
	for key, row := range b.rows {
		if raw := rows.Get(key.bytes()); raw != nil {
			var old Row
			if err := unpackRow(raw, &old); err != nil {
				return err
			}
			old.add(row)
			row = &old
		}
		if err := rows.Put(key.bytes(), packRow(row)); err != nil {
			return err
		}
	}
	for _, block := range b.blocks {
		if err := putJSON(tx.Bucket(roundsBucket), pack(block.Round), block); err != nil {
			return err
		}
	}
	if err := b.writeShares(tx.Bucket(logBucket)); err != nil {
		return err
	}
	if err := b.owners.write(tx); err != nil {
		return err
	}
	if err := writeSolved(tx.Bucket(solvedBucket), b.solved); err != nil {
		return err
	}
	if err := writeMarks(tx, b.marks); err != nil {
		return err
	}
	return tx.Bucket(metaBucket).Put(nextKey, pack(b.next))
}

// writeShares writes the shares, each unbroken run of sequence numbers under its
// first.
func (b *batch) writeShares(bucket *bolt.Bucket) error {
	bucket.FillPercent = 1 // Keys only ever grow.
	for rest := b.shares; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].sequence == rest[n-1].sequence+1 {
			n++
		}
		if err := bucket.Put(pack(rest[0].sequence), packShares(rest[:n])); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

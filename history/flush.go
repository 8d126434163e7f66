package history

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// batch is what one write brings to the disk.
type batch struct {
	puts   []put
	oldest map[string]uint64 // by bucket: what comes before it is deleted
	gone   []uint32          // names that are deleted
	undo   []*bool           // marks of what is written, to be set again if it is not
	blocks []uint64          // the same, of blocks
}

type put struct {
	bucket, key, value []byte
}

// Flush writes what was counted since the last time, in one transaction. If it fails,
// nothing was written, and the next one tries all of it again. A file that turns out to be
// damaged is set aside, and a new one begun with all that is in memory.
func (h *History) Flush() error {
	h.disk.Lock()
	defer h.disk.Unlock()
	h.fileMu.RLock()
	f := h.file
	h.fileMu.RUnlock()
	if f == nil {
		return nil
	}
	err := h.flushTo(f)
	if errors.Is(err, boltcheck.ErrDamaged) && h.cfg.Now().Sub(h.aside).Abs() >= time.Hour {
		h.aside = h.cfg.Now()
		if failed := h.replace(f, err); failed == nil {
			err = nil
		} else {
			err = errors.Join(err, failed)
		}
	}
	h.saved.Store(err == nil)
	return err
}

func (h *History) flushTo(f *boltcheck.DB) error {
	b, err := h.take()
	if err != nil {
		return err
	}
	if err := f.Update(b.write); err != nil {
		h.putBack(b)
		return fmt.Errorf("write the history %s: %w", h.cfg.Path, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rigs.writing = false
	return nil
}

// replace begins a new file in place of a damaged one, with all that is in memory. The
// rigs' slots that were on the disk alone are lost.
func (h *History) replace(old *boltcheck.DB, why error) error {
	to, err := h.setAside()
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // An earlier try, or somebody else, has moved it.
		return err
	}
	f, err := openFile(h.cfg.Path, h.log)
	if err != nil {
		return err
	}
	h.mu.Lock()
	for _, t := range h.tiers {
		for _, s := range t.slots {
			s.dirty = true
		}
	}
	for i := range h.blocks.all {
		h.blocks.all[i].dirty = true
	}
	for _, s := range h.rigs.recent {
		s.dirty = true
	}
	for _, n := range h.rigs.names {
		n.dirty = true
	}
	h.mu.Unlock()
	h.fileMu.Lock()
	h.file = f
	h.fileMu.Unlock()
	h.log.Warn("the history was damaged: it is set aside, and a new one begun; what rigs did before is lost", "set_aside", to, "error", why)
	return errors.Join(h.flushTo(f), old.Close())
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func id(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// take copies what is not on the disk, and counts it as written.
func (h *History) take() (*batch, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := &batch{oldest: make(map[string]uint64)}
	mark := func(dirty *bool) bool {
		was := *dirty
		if *dirty = false; was {
			b.undo = append(b.undo, dirty)
		}
		return was
	}
	s := state{Seen: h.cfg.Now().UnixMilli(), Began: h.began.UnixMilli(), Effort: h.blocks.effort, Since: h.blocks.since, AfterBlock: h.blocks.after,
		Rigs: h.rigs.next, Names: h.rigs.nextID, Blocks: h.blocks.next}
	for i, t := range h.tiers {
		if s.Slots[i] = t.next; t.span == Hour {
			continue
		}
		for _, each := range t.slots {
			if mark(&each.dirty) {
				b.puts = append(b.puts, put{bucketOf(t.span), number(each.seq), packSample(each.start, each.Sample)})
			}
		}
		b.oldest[string(bucketOf(t.span))] = t.oldest()
	}
	for _, each := range h.rigs.recent {
		if mark(&each.dirty) {
			b.puts = append(b.puts, put{rigsBucket, number(each.seq), each.pack()})
		}
	}
	b.oldest[string(rigsBucket)] = h.rigs.oldest()
	for name, n := range h.rigs.names {
		if mark(&n.dirty) {
			b.puts = append(b.puts, put{namesBucket, id(n.id), []byte(name)})
		}
	}
	b.gone, h.rigs.gone = h.rigs.gone, nil
	if err := b.takeBlocks(&h.blocks); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(s)
	b.puts = append(b.puts, put{metaBucket, stateKey, raw})
	h.rigs.writing = err == nil
	return b, err
}

func (b *batch) takeBlocks(l *blockList) error {
	for i := range l.all {
		e := &l.all[i]
		if !e.dirty {
			continue
		}
		raw, err := json.Marshal(e.Block)
		if err != nil {
			return err
		}
		e.dirty = false
		b.blocks = append(b.blocks, e.seq)
		b.puts = append(b.puts, put{blocksBucket, number(e.seq), raw})
	}
	b.oldest[string(blocksBucket)] = l.oldest()
	return nil
}

// putBack is take's reverse.
func (h *History) putBack(b *batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rigs.writing = false
	for _, dirty := range b.undo {
		*dirty = true
	}
	h.rigs.gone = append(b.gone, h.rigs.gone...)
	for i := range h.blocks.all {
		for _, seq := range b.blocks {
			if h.blocks.all[i].seq == seq {
				h.blocks.all[i].dirty = true
			}
		}
	}
}

func (b *batch) write(tx *bolt.Tx) error {
	for _, gone := range b.gone {
		if err := tx.Bucket(namesBucket).Delete(id(gone)); err != nil {
			return err
		}
	}
	for bucket, oldest := range b.oldest {
		c := tx.Bucket([]byte(bucket)).Cursor()
		for key, _ := c.First(); len(key) == 8 && binary.BigEndian.Uint64(key) < oldest; key, _ = c.First() {
			if err := c.Delete(); err != nil {
				return err
			}
		}
	}
	for _, p := range b.puts {
		bucket := tx.Bucket(p.bucket)
		bucket.FillPercent = 0.9 // Most keys are behind all others.
		if err := bucket.Put(p.key, p.value); err != nil {
			return err
		}
	}
	return nil
}

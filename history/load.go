package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/boltcheck"
)

// open opens the file and reads what has to be in memory.
func (h *History) open() error {
	f, err := openFile(h.cfg.Path, h.log)
	if err != nil {
		return err
	}
	h.mu.Lock()
	err = f.View(h.load)
	if err != nil {
		h.clear() // Half of it is worse than none.
	}
	h.mu.Unlock()
	if err != nil {
		return errors.Join(fmt.Errorf("read the history %s: %w", h.cfg.Path, err), f.Close())
	}
	h.fileMu.Lock()
	defer h.fileMu.Unlock()
	h.file = f
	return nil
}

// load reads all but the rigs' slots, of which the latest is enough. Entries that make no
// sense are damage.
func (h *History) load(tx *bolt.Tx) error {
	s, err := unpackState(tx.Bucket(metaBucket).Get(stateKey))
	if err == nil {
		err = h.loadTotals(tx, s)
	}
	if err == nil {
		err = h.loadBlocks(tx, s)
	}
	if err == nil {
		err = h.rigs.load(tx, s)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", boltcheck.ErrDamaged, err)
	}
	if s.Seen != 0 {
		h.seen, h.began = time.UnixMilli(s.Seen), time.UnixMilli(s.Began)
	}
	return nil
}

func (h *History) loadTotals(tx *bolt.Tx, s state) error {
	for i, t := range h.tiers {
		if t.span == Hour {
			continue
		}
		t.next = s.Slots[i]
		err := each(tx.Bucket(bucketOf(t.span)), func(seq uint64, raw []byte) error {
			if err := s.numbered(seq, s.Slots[i]); err != nil {
				return err
			}
			start, sample, err := unpackSample(raw)
			t.slots = append(t.slots, &slot{seq: seq, start: start, Sample: sample})
			t.next = max(t.next, seq+1)
			return err
		})
		if err != nil {
			return fmt.Errorf("totals of %s: %w", t.span, err)
		}
		t.slots = t.slots[max(0, len(t.slots)-t.span.Slots()):]
	}
	return nil
}

func (h *History) loadBlocks(tx *bolt.Tx, s state) error {
	l := &h.blocks
	l.next, l.effort, l.after = s.Blocks, s.Effort, s.AfterBlock
	if !s.Since.IsZero() {
		l.since = s.Since
	}
	return each(tx.Bucket(blocksBucket), func(seq uint64, raw []byte) error {
		if err := s.numbered(seq, s.Blocks); err != nil {
			return err
		}
		b, err := unpackBlock(raw)
		l.all = append(l.all, blockEntry{seq: seq, Block: b})
		l.next = max(l.next, seq+1)
		return err
	})
}

func (t *rigTier) load(tx *bolt.Tx, s state) error {
	byID := make(map[uint32]*rigName)
	t.next, t.nextID = s.Rigs, s.Names
	err := tx.Bucket(namesBucket).ForEach(func(key, name []byte) error {
		if len(key) != 4 {
			return fmt.Errorf("a rig's name has a key of %d bytes", len(key))
		}
		n := &rigName{id: binary.BigEndian.Uint32(key)}
		t.names[string(name)], byID[n.id] = n, n
		t.nextID = max(t.nextID, n.id+1)
		return nil
	})
	if err != nil {
		return err
	}
	return each(tx.Bucket(rigsBucket), func(seq uint64, raw []byte) error {
		blob := rigBlob(raw)
		if err := errors.Join(s.numbered(seq, s.Rigs), blob.check()); err != nil {
			return err
		}
		for i := range blob.rigs() {
			if n := byID[blob.id(i)]; n != nil {
				n.used = seq
			}
		}
		t.next = max(t.next, seq+1)
		t.recent = append(t.recent[max(0, len(t.recent)-lookBack+1):], blob.unpack(seq))
		return nil
	})
}

// numbered is an error about a sequence number that was never given: all before it would be taken
// for what is too old, and deleted.
func (s *state) numbered(seq, next uint64) error {
	if s.Seen != 0 && seq >= next {
		return fmt.Errorf("an entry has the number %d, and the next to be given is %d", seq, next)
	}
	return nil
}

// each visits the entries of a bucket whose keys are sequence numbers.
func each(b *bolt.Bucket, visit func(seq uint64, raw []byte) error) error {
	return b.ForEach(func(key, raw []byte) error {
		if len(key) != 8 {
			return fmt.Errorf("a key of %d bytes", len(key))
		}
		return visit(binary.BigEndian.Uint64(key), raw)
	})
}

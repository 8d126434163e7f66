package ledger

import (
	"bytes"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// ID is the identity of the file, drawn when it was created, so that one that takes the
// place of another is noticed. A ledger in memory has one too, a file of format 1 that is
// open for reading has none.
func (l *Ledger) ID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.id
}

// SetPolicy has each share from now on carry the id of the policy by which it is paid; 0,
// as at the start, is none.
func (l *Ledger) SetPolicy(id uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.policy = id
}

// Keep has the shares from a sequence number on stay in the log, however many and however
// old they are; without it Config's limits hold for all. It is not stored: call it before
// Run, which prunes soon after its start, and again as windows close.
func (l *Ledger) Keep(from uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = from
}

// Solved is the sequence number of the share that made a block, whether or not the block
// is on the best chain; ok is false where no share is known to have. It is known as long
// as that share is in the log.
func (l *Ledger) Solved(hash string) (sequence uint64, ok bool, err error) {
	// No write may come between the memory's part and the disk's.
	l.disk.Lock()
	defer l.disk.Unlock()
	l.mu.Lock()
	waiting, waits := l.solved[hash]
	l.mu.Unlock()
	err = l.read(solvedBucket, func(b *bolt.Bucket) error {
		raw := b.Get([]byte(hash))
		if raw == nil {
			return nil
		}
		ok = true
		return unpack(raw, &sequence)
	})
	if err != nil {
		return 0, false, err
	}
	if !ok && waits {
		return waiting, true, nil
	}
	return sequence, ok, nil
}

// noteSolved notes that a share made a block, if it did. Where the same block comes twice,
// the first share is the one. l.mu must be held.
func (l *Ledger) noteSolved(hash string, sequence uint64) {
	if hash == "" {
		return
	}
	if _, twice := l.solved[hash]; !twice {
		l.solved[hash] = sequence
	}
}

func writeSolved(b *bolt.Bucket, solved map[string]uint64) error {
	for hash, sequence := range solved {
		if b.Get([]byte(hash)) != nil {
			continue
		}
		if err := b.Put([]byte(hash), pack(sequence)); err != nil {
			return fmt.Errorf("block %q: %w", hash, err)
		}
	}
	return nil
}

// pruneSolved deletes what is known of blocks whose shares have gone.
func pruneSolved(tx *bolt.Tx) error {
	oldest, _ := tx.Bucket(logBucket).Cursor().First()
	b := tx.Bucket(solvedBucket)
	var gone [][]byte
	err := b.ForEach(func(hash, sequence []byte) error {
		if oldest == nil || bytes.Compare(sequence, oldest) < 0 {
			gone = append(gone, hash)
		}
		return nil
	})
	for _, hash := range gone {
		if err := b.Delete(hash); err != nil {
			return err
		}
	}
	return err
}

// forgetUnnamed drops the owners and the blocks of shares that a ledger in memory holds no
// more. l.mu must be held.
func (l *Ledger) forgetUnnamed() {
	l.owners.forgetBut(nil, l.pending)
	l.owners.take() // There is no disk to tell.
	for hash, sequence := range l.solved {
		if sequence < l.pending[0].sequence {
			delete(l.solved, hash)
		}
	}
}

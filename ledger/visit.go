package ledger

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Shares visits the accepted shares that are still in the log, those in memory included,
// the latest first, until visit returns false. visit must not call the Ledger, whose Add
// does not wait for it.
func (l *Ledger) Shares(visit func(Share) bool) error { return l.SharesBefore(math.MaxUint64, visit) }

// SharesBefore is Shares from a sequence number, which is visited too, back to the oldest.
func (l *Ledger) SharesBefore(sequence uint64, visit func(Share) bool) error {
	l.disk.Lock()
	defer l.disk.Unlock()
	v := l.visitor(visit)
	for _, s := range slices.Backward(v.pending) {
		if s.sequence <= sequence && !v.share(s) {
			return v.err
		}
	}
	return l.visitLog(func(c *bolt.Cursor, size int) error {
		for key, raw := seekRun(c, sequence); key != nil; key, raw = c.Prev() {
			r, err := runOf(key, raw, size)
			if err != nil {
				return err
			}
			for i := r.lastUpTo(sequence); i >= 0; i-- {
				if !v.share(r.at(i)) {
					return v.err
				}
			}
		}
		return nil
	})
}

// SharesFrom visits the accepted shares of the log from a sequence number on, which is
// visited too, the oldest first, until visit returns false. visit must not call the Ledger,
// whose Add does not wait for it.
func (l *Ledger) SharesFrom(sequence uint64, visit func(Share) bool) error {
	l.disk.Lock()
	defer l.disk.Unlock()
	v, ended := l.visitor(visit), false
	err := l.visitLog(func(c *bolt.Cursor, size int) error {
		key, raw := seekRun(c, sequence)
		if key == nil {
			key, raw = c.First()
		}
		for ; key != nil; key, raw = c.Next() {
			r, err := runOf(key, raw, size)
			if err != nil {
				return err
			}
			for i := r.firstFrom(sequence); i < r.len(); i++ {
				if !v.share(r.at(i)) {
					ended = true
					return v.err
				}
			}
		}
		return nil
	})
	for i := 0; i < len(v.pending) && !ended && err == nil; i++ {
		if s := v.pending[i]; s.sequence >= sequence {
			ended = !v.share(s)
		}
	}
	return cmp.Or(err, v.err)
}

// seekRun goes to the run that has a share in it, if any has: the last that begins no later.
// It is nil where all begin later.
func seekRun(c *bolt.Cursor, sequence uint64) (key, raw []byte) {
	from := pack(sequence)
	key, raw = c.Seek(from)
	switch {
	case key == nil:
		return c.Last()
	case bytes.Equal(key, from):
		return key, raw
	}
	return c.Prev()
}

// lastUpTo is the index of the last share of a run that is not behind a sequence number, -1
// if there is none.
func (r run) lastUpTo(sequence uint64) int {
	if r.len() == 0 || r.first > sequence {
		return -1
	}
	return int(min(sequence-r.first, uint64(r.len()-1)))
}

// firstFrom is the index of the first share of a run that is not before a sequence number,
// its length if there is none.
func (r run) firstFrom(sequence uint64) int {
	if sequence <= r.first {
		return 0
	}
	return int(min(sequence-r.first, uint64(r.len())))
}

// visitLog has the log of the file visited, if there is one. l.disk must be held.
func (l *Ledger) visitLog(visit func(c *bolt.Cursor, size int) error) error {
	if l.file == nil {
		return nil
	}
	err := l.file.View(func(tx *bolt.Tx) error {
		b, size := l.file.log(tx)
		if b == nil {
			return nil
		}
		return visit(b.Cursor(), size)
	})
	if err != nil {
		return fmt.Errorf("read the ledger %s: %w", l.cfg.Path, err)
	}
	return nil
}

// visitor hands out shares with the names that they have.
type visitor struct {
	rigs, owners map[uint32]string
	pending      []loggedShare
	visit        func(Share) bool
	err          error // why it ended, if it was not visit's wish

	// last is the latest share, whose names are those of the next as often as not.
	last       Share
	rig, owner uint32
	any        bool
}

// visitor takes a picture of what is in memory. No write may come between it and the visit
// of the disk: l.disk must be held.
func (l *Ledger) visitor(visit func(Share) bool) *visitor {
	l.mu.Lock()
	defer l.mu.Unlock()
	// What is pending is only ever added to, or replaced.
	return &visitor{rigs: l.names(), owners: l.owners.copyOfNames(), pending: l.pending, visit: visit}
}

// share hands out one share. It returns whether it goes on.
func (v *visitor) share(s loggedShare) bool {
	if !v.any || s.rig != v.rig {
		v.rig, v.last.Rig = s.rig, cmp.Or(v.rigs[s.rig], OtherRigs)
	}
	if !v.any || s.owner != v.owner {
		name, ok := v.owners[s.owner]
		if !ok {
			v.err = errNoOwner(s)
			return false
		}
		v.owner, v.last.Owner = s.owner, name
	}
	v.any = true
	v.last.Sequence, v.last.At = s.sequence, time.UnixMilli(s.milli).UTC()
	v.last.Effective, v.last.Network, v.last.Work, v.last.Policy = s.effective, s.network, s.work, s.policy
	return v.visit(v.last)
}

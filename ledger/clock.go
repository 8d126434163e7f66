package ledger

import (
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	// jumpBack is how far behind its last write a ledger may be opened without a word, and
	// jumpAhead how far ahead: a node may have been off for a while.
	jumpBack  = time.Minute
	jumpAhead = 30 * 24 * time.Hour
)

// steady is a time of this run by the clock as it stood when the ledger was opened:
// whatever the clock is set to meanwhile, two steady times are as far from each other as
// they were.
func (l *Ledger) steady(at time.Time) time.Time { return l.opened.Round(0).Add(at.Sub(l.opened)) }

// warnOfJump warns where the clock is far from where the ledger was left. Nobody can tell
// which of the two is wrong, and nothing but the warning follows from it.
func (l *Ledger) warnOfJump() {
	if l.seen.IsZero() {
		return
	}
	from := l.opened.Round(0).Sub(l.seen)
	if from >= -jumpBack && from <= jumpAhead {
		return
	}
	how := "ahead of"
	if from < 0 {
		how = "behind"
	}
	l.log.Warn("the clock is far "+how+" the last entry in the ledger of what rigs do; nothing is deleted for it, "+
		"but what comes is counted at the clock's time: set it by NTP if it is wrong",
		"clock", l.opened.UTC().Format(time.RFC3339), "last_entry", l.seen.UTC().Format(time.RFC3339),
		"off_by", from.Abs().Round(time.Second))
}

// writeSeen writes the time down at which the ledger was in use.
func (l *Ledger) writeSeen(now time.Time) error {
	if l.file == nil || l.cfg.ReadOnly {
		return nil
	}
	l.disk.Lock()
	defer l.disk.Unlock()
	if err := l.file.Update(func(tx *bolt.Tx) error { return putSeen(tx, now) }); err != nil {
		return fmt.Errorf("write the ledger %s: %w", l.cfg.Path, err)
	}
	return nil
}

func putSeen(tx *bolt.Tx, now time.Time) error {
	return tx.Bucket(metaBucket).Put(lastSeenKey, pack(now.UnixMilli()))
}

package ledger

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// RigTotals is all that a rig did since it was first seen, and its hashrates.
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

// Rigs returns all rigs, by name, with their hashrates at a time.
func (l *Ledger) Rigs(now time.Time) []RigTotals {
	return l.RigsOf(now, func(string) bool { return true })
}

// RigsOf is Rigs of some names. wanted must not call the Ledger, whose Add waits for it.
func (l *Ledger) RigsOf(now time.Time, wanted func(rig string) bool) []RigTotals {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []RigTotals{}
	for name, r := range l.rigs {
		if !wanted(name) {
			continue
		}
		s := r.summary
		all = append(all, RigTotals{name, s.Address, s.Agent, s.First, s.Seen, timeOrNil(s.Last), s.Tally, r.rates.rates(l.steady(now))})
	}
	slices.SortFunc(all, func(a, b RigTotals) int { return cmp.Compare(a.Rig, b.Rig) })
	return all
}

// timeOrNil returns nil for the zero time.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Rows returns the rows from the hour of a time on, those in memory included, ordered by
// hour, then by round, then by the rigs' first appearance. With an error the rows in memory
// are returned all the same.
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

// Blocks returns the blocks that rigs found, oldest first. With an error those in memory
// are returned all the same.
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

// names returns the rigs' names by id. l.mu must be held.
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
	err := l.file.View(func(tx *bolt.Tx) error {
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

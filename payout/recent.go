package payout

import (
	"bytes"
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// mostSearched is how many of the latest blocks are looked through for an owner's.
const mostSearched = 1000

// Recent are the latest blocks that were split, the latest first.
func (b *Books) Recent(most int) ([]Explanation, error) {
	all, err := b.recent(most, nil)
	for i := range all {
		all[i].reason(func(Part) bool { return true })
	}
	return all, err
}

// RecentOf are the latest of them, among the last thousand, that an owner gets something of. They
// have the owner's reasons alone.
func (b *Books) RecentOf(owner string, most int) ([]Explanation, error) {
	name, err := json.Marshal(owner)
	if err != nil {
		return nil, err
	}
	all, err := b.recent(most, append([]byte(`"owner":`), name...))
	for i := range all {
		all[i].reason(func(p Part) bool { return p.Owner == owner })
	}
	return all, err
}

// recent are the latest blocks whose manifest has a text: to read them all takes seconds, where
// there are many owners.
func (b *Books) recent(most int, with []byte) (all []Explanation, err error) {
	err = b.view(func(tx *bolt.Tx) error {
		c := tx.Bucket(manifestsBucket).Cursor()
		searched := 0
		for key, raw := c.Last(); key != nil && len(all) < most && searched < mostSearched; key, raw = c.Prev() {
			searched++
			if !bytes.Contains(raw, with) {
				continue
			}
			var m Manifest
			if err := json.Unmarshal(raw, &m); err != nil {
				return fmt.Errorf("manifest %x can't be read: %w", key, err)
			}
			e := Explanation{Manifest: m}
			if err := e.standing(tx); err != nil {
				return err
			}
			all = append(all, e)
		}
		return nil
	})
	return all, err
}

// standing fills in what became of the block and its money.
func (e *Explanation) standing(tx *bolt.Tx) error {
	var c Credit
	if _, err := getJSON(tx.Bucket(creditsBucket), e.Block.Bytes(), &c); err != nil {
		return err
	}
	var f Fund
	if _, err := getJSON(tx.Bucket(fundsBucket), e.Coinbase.Output.Bytes(), &f); err != nil {
		return err
	}
	e.State, e.Stage = c.State, stage(c, f)
	return nil
}

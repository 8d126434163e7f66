package payout

import (
	"encoding/json"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// mostSearched is how many of the latest blocks are looked through for an owner's.
const mostSearched = 1000

// Recent are the latest blocks that were split, the latest first.
func (b *Books) Recent(most int) ([]Explanation, error) {
	return b.recent(most, func(*Manifest) bool { return true })
}

// RecentOf are the latest of them, among the last thousand, that an owner gets something of.
func (b *Books) RecentOf(owner string, most int) ([]Explanation, error) {
	return b.recent(most, func(m *Manifest) bool {
		return slices.ContainsFunc(m.Parts, func(p Part) bool { return p.Owner == owner })
	})
}

func (b *Books) recent(most int, wanted func(*Manifest) bool) (all []Explanation, err error) {
	err = b.view(func(tx *bolt.Tx) error {
		c := tx.Bucket(manifestsBucket).Cursor()
		searched := 0
		for key, raw := c.Last(); key != nil && len(all) < most && searched < mostSearched; key, raw = c.Prev() {
			searched++
			var m Manifest
			if err := json.Unmarshal(raw, &m); err != nil {
				return fmt.Errorf("manifest %x can't be read: %w", key, err)
			}
			if !wanted(&m) {
				continue
			}
			e := Explanation{Manifest: m}
			if err := e.standing(tx); err != nil {
				return err
			}
			all = append(all, e)
		}
		return nil
	})
	for i := range all {
		all[i].reason()
	}
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

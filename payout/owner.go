package payout

import (
	"encoding/json"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// ownerRecord is what is kept of an owner beside the balances.
type ownerRecord struct {
	First time.Time `json:"first"`
	// Credited is what blocks and shares were worth, those reversed not counted; Paid what
	// deep batches paid.
	Credited int64 `json:"credited"`
	Paid     int64 `json:"paid"`
	// Held is why nothing is paid; empty if it is.
	Held string `json:"held,omitempty"`
}

// count adds what a posting to one of the owner's accounts means.
func (o *ownerRecord) count(e Entry, p Posting) {
	switch e.Kind {
	case KindSettled, KindReversed, KindBack, KindPPS:
		o.Credited -= p.Amount
	case KindPaid, KindUnpaid:
		o.Paid += p.Amount
	}
}

// Owner is what an owner is owed and was paid, in neu.
type Owner struct {
	Owner string    `json:"owner"`
	First time.Time `json:"first"`
	// Provisional is what it gets if the blocks stay, Payable what is due, Transit what open
	// batches pay, Paid what was paid, in all.
	Provisional uint64 `json:"provisional"`
	Payable     uint64 `json:"payable"`
	Transit     uint64 `json:"in_transit"`
	Paid        uint64 `json:"paid"`
	// Overpaid is what was paid for blocks that then left the main chain: its next credits
	// make up for that.
	Overpaid uint64 `json:"overpaid,omitempty"`
	// Held is why nothing is paid to it; empty if it is.
	Held string `json:"held,omitempty"`
}

// Owners are all that ever were owed anything, by name.
func (b *Books) Owners() (all []Owner, err error) {
	err = b.view(func(tx *bolt.Tx) error {
		return tx.Bucket(ownersBucket).ForEach(func(name, raw []byte) error {
			o, err := readOwner(tx, string(name), raw)
			all = append(all, o)
			return err
		})
	})
	return all, err
}

// Owner is one of Owners; false if it never was owed anything.
func (b *Books) Owner(name string) (o Owner, ok bool, err error) {
	err = b.view(func(tx *bolt.Tx) error {
		raw := tx.Bucket(ownersBucket).Get([]byte(name))
		if raw == nil {
			return nil
		}
		ok = true
		o, err = readOwner(tx, name, raw)
		return err
	})
	return o, ok, err
}

func readOwner(tx *bolt.Tx, name string, raw []byte) (Owner, error) {
	var r ownerRecord
	if err := json.Unmarshal(raw, &r); err != nil {
		return Owner{}, fmt.Errorf("owner %q can't be read: %w", name, err)
	}
	o := Owner{Owner: name, First: r.First, Paid: uint64(r.Paid), Held: r.Held}
	if r.Paid < 0 {
		return Owner{}, fmt.Errorf("owner %q was paid %d neu, expected 0 or more", name, r.Paid)
	}
	for _, each := range []struct {
		account string
		sign    int64
		to      *uint64
	}{
		{Provisional(name), -1, &o.Provisional}, {Payable(name), -1, &o.Payable}, {Transit(name), -1, &o.Transit}, {Loss(name), 1, &o.Overpaid},
	} {
		balance, err := readBalance(tx.Bucket(balancesBucket), each.account)
		if err != nil {
			return Owner{}, err
		}
		// What is owed is below 0. The other way round it would be a debt of more than there is.
		if balance != 0 && (balance > 0) != (each.sign > 0) {
			return Owner{}, fmt.Errorf("%s is %d neu, expected a balance of the other sign", each.account, balance)
		}
		*each.to = uint64(each.sign * balance)
	}
	return o, nil
}

// Hold sets an owner aside: nothing is paid to it, and why; "" has it paid again.
func (b *Books) Hold(owner, why string) error {
	return b.update("hold "+owner, func(w *writer) error {
		var o ownerRecord
		owners := w.tx.Bucket(ownersBucket)
		if there, err := getJSON(owners, []byte(owner), &o); err != nil || !there || o.Held == why {
			return err
		}
		o.Held = why
		if why != "" {
			if err := w.note(fmt.Sprintf("nothing is paid to %s: %s", owner, why)); err != nil {
				return err
			}
		}
		return putJSON(owners, []byte(owner), o)
	})
}

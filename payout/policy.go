package payout

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The schemes by which blocks are split.
const (
	Solo  = "solo"
	PPLNS = "pplns"
	DGM   = "dgm"
	PPS   = "pps"
)

// Policy says how the blocks that shares make are split. Each share has the policy that was
// in force when it came; a policy never changes, a new setting makes a new one.
type Policy struct {
	// ID ascends from 1, in the order of time.
	ID     uint32 `json:"id"`
	Scheme string `json:"scheme"`
	// FeeBP is the operator's fee in hundredths of a percent.
	FeeBP uint32 `json:"fee_bp"`
	// WindowMilli is pplns's X in thousandths of an expected block.
	WindowMilli uint32 `json:"window_milli,omitempty"`
	// CMillionths and OMillionths are dgm's c and o.
	CMillionths uint32 `json:"c_millionths,omitempty"`
	OMillionths uint32 `json:"o_millionths,omitempty"`
	// Least is the least payment, and Reserve what the operator has set aside for pps, in neu.
	Least   uint64 `json:"least"`
	Reserve uint64 `json:"reserve,omitempty"`
	// From is when it came into force.
	From time.Time `json:"from"`
}

// Check says what of a policy makes no sense.
func (p Policy) Check() error {
	switch {
	case p.FeeBP > 10_000:
		return fmt.Errorf("a fee of %d hundredths of a percent, expected at most 10000", p.FeeBP)
	case p.Scheme == PPLNS && (p.WindowMilli == 0 || p.WindowMilli > 1_000_000):
		return fmt.Errorf("a window of %d thousandths of a block, expected 1 to 1000000", p.WindowMilli)
	case p.Scheme == DGM && (p.CMillionths == 0 || p.CMillionths >= 1_000_000 || p.OMillionths >= 1_000_000):
		return fmt.Errorf("c = %d and o = %d millionths, expected c within 1 to 999999 and o within 0 to 999999", p.CMillionths, p.OMillionths)
	case p.Scheme == PPS && p.Reserve == 0:
		return errors.New("pps without a reserve: it pays for blocks that are never found")
	case p.Scheme != Solo && p.Scheme != PPLNS && p.Scheme != DGM && p.Scheme != PPS:
		return fmt.Errorf("scheme %q, expected %s, %s, %s or %s", p.Scheme, Solo, PPLNS, DGM, PPS)
	}
	return nil
}

// SetPolicy has a policy in force from now on, and returns it with its number. It is the
// present one where nothing but its ID and From differ.
func (b *Books) SetPolicy(p Policy) (Policy, error) {
	if err := p.Check(); err != nil {
		return p, fmt.Errorf("payouts: %w", err)
	}
	err := b.update("a policy", func(w *writer) error {
		all, err := readPolicies(w.tx)
		if err != nil {
			return err
		}
		p.ID, p.From = uint32(len(all))+1, w.now
		if n := len(all); n > 0 {
			last := all[n-1]
			if p.ID, p.From = last.ID, last.From; p == last {
				return nil
			}
			p.ID, p.From = last.ID+1, w.now
		}
		return putJSON(w.tx.Bucket(policiesBucket), binary.BigEndian.AppendUint32(nil, p.ID), p)
	})
	return p, err
}

// Policies are all policies there were, in their order.
func (b *Books) Policies() (all []Policy, err error) {
	err = b.view(func(tx *bolt.Tx) error { all, err = readPolicies(tx); return err })
	return all, err
}

func readPolicies(tx *bolt.Tx) (all []Policy, err error) {
	err = tx.Bucket(policiesBucket).ForEach(func(_, raw []byte) error {
		var p Policy
		err := json.Unmarshal(raw, &p)
		if err == nil && p.ID != uint32(len(all))+1 {
			err = fmt.Errorf("policy %d at the place of %d", p.ID, len(all)+1)
		}
		all = append(all, p)
		return err
	})
	return all, err
}

// policyOf is the policy of an id; the zero Policy for 0, and for one that these books lack.
func policyOf(all []Policy, id uint32) Policy {
	if id == 0 || id > uint32(len(all)) {
		return Policy{}
	}
	return all[id-1]
}

// policyAt is the policy that was in force at a time; the zero Policy if none was.
func policyAt(all []Policy, at time.Time) (p Policy) {
	for _, next := range all {
		if !next.From.After(at) {
			p = next
		}
	}
	return p
}

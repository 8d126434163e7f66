package payout

import (
	"math/big"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc"
)

// Reason says why one owner got what it got of a block.
type Reason struct {
	Part
	// Blocks is its work in expected blocks, OfWork that as a fraction of all work looked at.
	Blocks float64 `json:"blocks"`
	OfWork float64 `json:"of_work"`
	// OfBlock is its part of what the owners get, by the scheme; 0 where that has no weights.
	OfBlock float64 `json:"of_block,omitempty"`
	// Exact is that part in neu, to 9 places, and Rounding what Amount differs from it.
	Exact    string `json:"exact,omitempty"`
	Rounding string `json:"rounding,omitempty"`
}

// Explanation is how a block was split, in numbers for people, and what became of it.
type Explanation struct {
	Manifest
	State CreditState `json:"state"`
	// Stage is the same with what became of the money: "in transit" and "paid" say that a batch
	// spends the coinbase, or has spent it, and "withdrawn" that another transaction has.
	Stage   string   `json:"stage"`
	Blocks  float64  `json:"blocks"`
	Reasons []Reason `json:"reasons"`
}

// blocks is work in expected blocks.
func blocks(work *big.Int) float64 {
	if work == nil {
		return 0
	}
	f, _ := new(big.Float).SetMantExp(new(big.Float).SetInt(work), -64).Float64()
	return f
}

// Explain says why each owner got what of a block; false if it was not split, and then why,
// if that is known.
func (b *Books) Explain(block bc.Hash) (e Explanation, ok bool, why string, err error) {
	err = b.view(func(tx *bolt.Tx) error {
		m, err := readManifest(tx, block)
		if err != nil {
			return err
		}
		if m == nil {
			why = string(tx.Bucket(skippedBucket).Get(block.Bytes()))
			return nil
		}
		ok, e.Manifest = true, *m
		return e.standing(tx)
	})
	if ok {
		e.reason(func(Part) bool { return true })
	}
	return e, ok, why, err
}

// stage is where a block's money is.
func stage(c Credit, f Fund) string {
	if c.State != CreditPayable {
		return string(c.State)
	}
	switch f.State {
	case FundStaged:
		return "in transit"
	case FundSpent:
		return "paid"
	case FundTaken:
		return "withdrawn"
	}
	return string(c.State)
}

// reason fills in the reasons of some of the parts.
func (e *Explanation) reason(of func(Part) bool) {
	all := new(big.Int)
	for _, p := range e.Parts {
		all.Add(all, p.Work)
	}
	e.Blocks = blocks(all)
	net := new(big.Int).SetUint64(e.Reward - e.Fee - e.Rest)
	for _, p := range e.Parts {
		if !of(p) {
			continue
		}
		r := Reason{Part: p, Blocks: blocks(p.Work)}
		if e.Blocks > 0 {
			r.OfWork = r.Blocks / e.Blocks
		}
		if e.Weight != nil && e.Weight.Sign() > 0 && p.Weight != nil {
			share := new(big.Rat).SetFrac(p.Weight, e.Weight)
			r.OfBlock, _ = share.Float64()
			exact := share.Mul(share, new(big.Rat).SetInt(net))
			r.Exact = exact.FloatString(9)
			r.Rounding = exact.Sub(new(big.Rat).SetInt(new(big.Int).SetUint64(p.Amount)), exact).FloatString(9)
		}
		e.Reasons = append(e.Reasons, r)
	}
}

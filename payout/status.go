package payout

import (
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom-solo/bytom-solo/payout/scheme"

	"github.com/bytom/bytom/consensus"
)

// Status is where payouts stand, in neu.
type Status struct {
	// Policy is the one in force; its ID is 0 if there is none.
	Policy Policy `json:"policy"`
	// Stopped is why no batch is staged; empty if they are.
	Stopped string `json:"stopped,omitempty"`
	// Immature and Spendable are what coinbases and funds are worth.
	Immature  int64 `json:"immature"`
	Spendable int64 `json:"spendable"`
	// Provisional, Payable and Transit are what is owed to all owners together.
	Provisional int64 `json:"provisional"`
	Payable     int64 `json:"payable"`
	Transit     int64 `json:"in_transit"`
	// Paid is what was paid to all of them.
	Paid int64 `json:"paid"`
	// Fees, Reserve and Losses are the operator's; TxFees were paid to the network.
	Fees    int64 `json:"fees"`
	Reserve int64 `json:"reserve"`
	TxFees  int64 `json:"tx_fees"`
	Losses  int64 `json:"losses"`
	// Uncovered is by how much more is owed than there is: withdrawals took it, or pps has
	// paid more than it found. 0 if there is enough.
	Uncovered int64 `json:"uncovered,omitempty"`
	// Ruin is the probability that pps ever runs out of what is left of its reserve.
	Ruin *float64 `json:"ruin_probability,omitempty"`
	// Owners is how many there are, Due how many of them have the least payment or more due,
	// and Held how many are not paid because of what is wrong with them.
	Owners int `json:"owners"`
	Due    int `json:"due"`
	Held   int `json:"held"`
	// PayableAt is the chain's height at which the next of what is provisional becomes payable;
	// 0 if nothing is.
	PayableAt uint64 `json:"payable_at,omitempty"`
	// Blocks counts the blocks that were split by where their money is (see Explanation).
	Blocks map[string]int `json:"blocks"`
	// Funds and Batches count those by state.
	Funds   map[FundState]int  `json:"funds"`
	Batches map[BatchState]int `json:"batches"`
	// OpenSince is when the oldest of the batches was made that are not paid yet, nor given up;
	// zero without any.
	OpenSince time.Time `json:"-"`
	// Notes are what the operator should know, the oldest first.
	Notes []Note `json:"notes,omitempty"`

	highest uint64 // of the blocks that were split
}

// Status is where payouts stand. The ruin of pps goes by the subsidy of the block behind a height,
// which is the main chain's, or 0 where that is not known, and behind all that were split.
func (b *Books) Status(height uint64) (s Status, err error) {
	s = Status{Blocks: make(map[string]int), Funds: make(map[FundState]int), Batches: make(map[BatchState]int)}
	err = b.view(func(tx *bolt.Tx) error {
		policies, err := readPolicies(tx)
		if err != nil {
			return err
		}
		s.Policy = policyOf(policies, uint32(len(policies)))
		if s.Stopped, err = stopped(tx); err != nil {
			return err
		}
		if err := closing(tx, s.add); err != nil {
			return err
		}
		if err := s.count(tx); err != nil {
			return err
		}
		return each(tx.Bucket(notesBucket), func(n Note) error { s.Notes = append(s.Notes, n); return nil })
	})
	s.Uncovered = max(0, s.Provisional+s.Payable+s.Transit-s.Immature-s.Spendable)
	if s.Policy.Scheme == PPS {
		left := float64(s.Policy.Reserve) + float64(s.Reserve) + float64(s.Fees-s.Losses-s.TxFees)
		ruin := scheme.RuinProbability(left/float64(consensus.BlockSubsidy(max(height, s.highest)+1)), float64(s.Policy.FeeBP)/10_000)
		s.Ruin = &ruin
	}
	return s, err
}

// add adds an account's balance.
func (s *Status) add(account string, balance int64) {
	for _, a := range []struct {
		holds bool
		to    *int64
		sign  int64
	}{
		{account == Immature, &s.Immature, 1},
		{account == Spendable, &s.Spendable, 1},
		{account == Fee, &s.Fees, -1},
		{account == Reserve, &s.Reserve, -1},
		{account == TxFee, &s.TxFees, 1},
		{strings.HasPrefix(account, lossPrefix), &s.Losses, 1},
		{strings.HasPrefix(account, ownerPrefix) && strings.HasSuffix(account, ":Provisional"), &s.Provisional, -1},
		{strings.HasPrefix(account, ownerPrefix) && strings.HasSuffix(account, ":Payable"), &s.Payable, -1},
		{strings.HasPrefix(account, ownerPrefix) && strings.HasSuffix(account, ":Transit"), &s.Transit, -1},
	} {
		if a.holds {
			*a.to += a.sign * balance
		}
	}
}

// count counts owners, blocks, funds and batches.
func (s *Status) count(tx *bolt.Tx) error {
	coinbases := make(map[string]Fund)
	err := each(tx.Bucket(fundsBucket), func(f Fund) error {
		s.Funds[f.State]++
		if f.Block != nil {
			coinbases[f.Block.String()] = f
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = each(tx.Bucket(creditsBucket), func(c Credit) error {
		s.Blocks[stage(c, coinbases[c.Block.String()])]++
		s.highest = max(s.highest, c.Height)
		if c.State == CreditProvisional && (s.PayableAt == 0 || PayableFrom(c.Height) < s.PayableAt) {
			s.PayableAt = PayableFrom(c.Height)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = each(tx.Bucket(batchesBucket), func(b Batch) error {
		s.Batches[b.State]++
		if b.Open() && (s.OpenSince.IsZero() || b.At.Before(s.OpenSince)) {
			s.OpenSince = b.At
		}
		return nil
	})
	if err != nil {
		return err
	}
	return tx.Bucket(ownersBucket).ForEach(func(name, raw []byte) error {
		o, err := readOwner(tx, string(name), raw)
		s.Owners++
		s.Paid += int64(o.Paid)
		if o.Held != "" {
			s.Held++
		} else if o.Payable > 0 && o.Payable >= s.Policy.Least {
			s.Due++
		}
		return err
	})
}

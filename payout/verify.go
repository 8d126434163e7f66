package payout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc"

	"github.com/bytom-solo/bytom-solo/payout/scheme"
)

// Report is what a verification found.
type Report struct {
	// Blocks is how many were split, Verified how many of them the log of shares and the chain
	// give again to the last neu, and Gone those whose shares the log has no more, by height.
	Blocks   int      `json:"blocks"`
	Verified int      `json:"verified"`
	Gone     []uint64 `json:"gone,omitempty"`
	// Forgotten are those that left the main chain, so that nothing of them counts, and that the chain does not have
	// any more, by height: its disk has failed, or it was synchronised anew.
	Forgotten []uint64 `json:"forgotten,omitempty"`
	// Problems are what is wrong; none if the books are right.
	Problems []string `json:"problems,omitempty"`
}

func (r *Report) wrong(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// Verify compares what the books say is there with what the chain shows; then it splits each
// block again, by the log of shares and the chain and without the balances, and compares; then
// balances with entries. An error means that it could not look.
func (b *Books) Verify(ctx context.Context, shares Shares, chain Chain) (r Report, err error) {
	v := verifier{shares: shares, chain: chain, report: &r, blocks: make(map[string]bool), reversed: make(map[bc.Hash]bool)}
	err = b.view(func(tx *bolt.Tx) error {
		v.tx = tx
		if v.policies, err = readPolicies(tx); err != nil {
			return err
		}
		at, err := readCheckpoint(tx)
		if err != nil {
			return err
		}
		v.cuts = at.Cuts
		// First, as the books that are seen here stand still while the chain goes on.
		if err := v.money(); err != nil {
			return err
		}
		var broken error
		err = checkChain(tx, func(m *Manifest, raw []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			r.Blocks++
			v.blocks[m.Block.String()] = true
			return v.manifest(m, raw)
		})
		if errors.Is(err, errChanged) {
			broken, err = err, nil
		}
		if err != nil {
			return err
		}
		if broken != nil {
			r.wrong("%v", broken)
		}
		if err := recount(tx); err != nil {
			r.wrong("%v", err)
		}
		return v.entries()
	})
	if err != nil {
		return r, fmt.Errorf("verify the books of payouts: %w", err)
	}
	return r, nil
}

// verifier is one verification.
type verifier struct {
	tx       *bolt.Tx
	policies []Policy
	shares   Shares
	chain    Chain
	report   *Report
	dgm      uint64 // the number of the last manifest by dgm
	blocks   map[string]bool
	reversed map[bc.Hash]bool // those that are not on the main chain
	cuts     []cut
}

// manifest splits one block again.
func (v *verifier) manifest(m *Manifest, raw []byte) error {
	former := v.dgm
	if m.Policy.Scheme == DGM {
		v.dgm = m.N
	}
	err := v.coinbase(m)
	if errors.Is(err, ErrNoBlock) && v.reversed[m.Block] {
		v.report.Forgotten = append(v.report.Forgotten, m.Height)
		return nil
	}
	if err != nil {
		v.report.wrong("block %s at height %d: %v", m.Block.String(), m.Height, err)
		return nil
	}
	if slices.ContainsFunc(v.cuts, func(c cut) bool { return c.gone(m) }) {
		v.report.Gone = append(v.report.Gone, m.Height)
		return nil
	}
	again := *m
	again.First, again.Last, again.Oldest, again.Full, again.Digest, again.Fee, again.Rest, again.Weight, again.Parts = 0, 0, 0, false, nil, 0, 0, nil, nil
	if again.Policy.Scheme != DGM {
		again.Note = ""
	}
	err = v.split(&again, m, former)
	if err == nil && (again.First != m.First || again.Last != m.Last) {
		err = errSharesGone
	}
	if errors.Is(err, errSharesGone) {
		v.report.Gone = append(v.report.Gone, m.Height)
		return nil
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(again)
	if err != nil {
		return err
	}
	if string(text) != string(raw) {
		v.report.wrong("block %s at height %d: shares and chain give another split: %s, and the books have %s", m.Block.String(), m.Height, text, raw)
		return nil
	}
	v.report.Verified++
	return nil
}

// split fills in what a manifest says of shares and parts.
func (v *verifier) split(again, m *Manifest, former uint64) error {
	switch m.Policy.Scheme {
	case Solo, PPS:
		if !m.Virtual {
			if err := v.winner(m); err != nil {
				return err
			}
		}
		if m.Policy.Scheme == PPS {
			again.splitPPS()
		} else {
			again.splitSolo()
		}
		return nil
	case DGM:
		return v.scores(again, m, former)
	}
	if m.Ledger != v.shares.ID() {
		return errSharesGone
	}
	return again.splitPPLNS(v.policies, v.shares)
}

// winner holds the winner of a manifest to its share.
func (v *verifier) winner(m *Manifest) error {
	err := errSharesGone
	if m.Ledger != v.shares.ID() {
		return err
	}
	return errors.Join(v.shares.SharesBefore(m.Share, func(s Share) bool {
		if s.Sequence == m.Share {
			if err = nil; s.Owner != m.Winner || s.Work != m.WinnerWork || s.Policy != m.Policy.ID {
				v.report.wrong("block %s: its share %d is of %q with work %d, and the books have %q with %d", m.Block.String(), m.Share, s.Owner, s.Work, m.Winner, m.WinnerWork)
			}
		}
		return false
	}), err)
}

// scores folds the shares since the dgm block before once more.
func (v *verifier) scores(again, m *Manifest, former uint64) error {
	again.Gap = false
	if m.Gap || m.Ledger != v.shares.ID() {
		return errSharesGone
	}
	s := &scores{policies: v.policies, pps: scheme.NewPPS(), digest: newDigest(), checkpoint: checkpoint{Since: since{Tallies: make(map[string]tally)}}}
	if former > 0 {
		var err error
		if s.dgm, err = readDGM(v.tx.Bucket(pastBucket), number(former)); err != nil {
			return err
		}
		if s.dgm == nil {
			return errSharesGone
		}
	}
	if m.First <= m.Last {
		err := v.shares.SharesFrom(m.First, func(share Share) bool {
			if share.Sequence > m.Last {
				return false
			}
			s.fold(share, 0)
			return true
		})
		if err != nil {
			return err
		}
	}
	again.splitDGM(s)
	return nil
}

// coinbase holds a manifest to its block.
func (v *verifier) coinbase(m *Manifest) error {
	block, err := v.chain.Block(m.Block)
	if err != nil {
		return fmt.Errorf("the chain does not have it: %w", err)
	}
	f, err := fundOf(block.Transactions[0], 0)
	if err != nil {
		return err
	}
	if c := m.Coinbase; block.Height != m.Height || f.Output != c.Output || f.Amount != m.Reward || f.Program.String() != c.Program.String() || f.SourceID != c.SourceID || f.SourcePos != c.SourcePos {
		return fmt.Errorf("at height %d its coinbase pays %d neu to %s by output %s, and the books have height %d, %d neu, %s and %s",
			block.Height, f.Amount, f.Program, f.Output.String(), m.Height, m.Reward, c.Program, c.Output.String())
	}
	return nil
}

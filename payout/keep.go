package payout

import (
	"cmp"
	"math"
	"slices"

	bolt "go.etcd.io/bbolt"
)

const (
	// mostKept is how many of the latest blocks keep their shares in the log until they are
	// paid for.
	mostKept = 100
	// mostPast is how many states of dgm are kept to verify blocks by: each of those that keep
	// their shares goes by the one of the block before.
	mostPast = mostKept + 1
)

// savePast stores dgm's scores behind a block.
func (w *writer) savePast(n uint64, state *scores) error {
	b := w.tx.Bucket(pastBucket)
	if err := putJSON(b, number(n), state.dgm); err != nil {
		return err
	}
	count := 0
	c := b.Cursor()
	for key, _ := c.Last(); key != nil; key, _ = c.Prev() {
		if count++; count > mostPast {
			return b.Delete(key)
		}
	}
	return nil
}

// keep tells the log of shares what is still needed.
func (s *Settler) keep() error {
	from, err := s.books.KeepFrom(s.shares.ID())
	if err == nil {
		s.shares.Keep(from)
	}
	return err
}

// KeepFrom is the oldest share of a log that is still needed: for the window of the next block,
// for scores, and to verify what is not paid.
func (b *Books) KeepFrom(ledger string) (from uint64, err error) {
	err = b.view(func(tx *bolt.Tx) error {
		state, err := readScores(tx)
		if err != nil || state.Ledger != ledger {
			return err // All of it.
		}
		from = uint64(math.MaxUint64)
		credits, err := readCredits(tx)
		if err != nil {
			return err
		}
		slices.SortFunc(credits, func(a, b Credit) int { return cmp.Compare(b.Manifest, a.Manifest) })
		window := slices.ContainsFunc(state.policies, func(p Policy) bool { return p.Scheme == PPLNS })
		for _, c := range credits[:min(len(credits), mostKept)] {
			m, err := readManifest(tx, c.Block)
			if err != nil {
				return err
			}
			if m.Ledger != ledger {
				continue
			}
			// Windows never go back: the next one's begins where the last one's did, or later.
			next := window && m.Policy.Scheme == PPLNS
			var f Fund
			if _, err := getJSON(tx.Bucket(fundsBucket), m.Coinbase.Output.Bytes(), &f); err != nil {
				return err
			}
			if window = window && !next; next || f.State != FundSpent {
				from = min(from, m.First)
			}
		}
		if window {
			from = state.Begin // No block has said yet how far the window reaches.
		}
		for _, p := range state.policies {
			if p.Scheme == DGM || p.Scheme == PPS {
				from = min(from, state.Next)
			}
		}
		if state.Since.Some && !state.Since.Gap {
			from = min(from, state.Since.First)
		}
		return nil
	})
	return from, err
}

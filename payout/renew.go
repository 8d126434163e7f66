package payout

import (
	"fmt"
	"math"
	"time"

	bolt "go.etcd.io/bbolt"
)

// renew has the books go on with the log of shares that there is, up to an end, and says what
// is lost where it is not the one of before, or shorter than that was.
func (s *Settler) renew(end uint64) error {
	var state *scores
	var after, n uint64 // the share behind the latest block's, and the number of the next manifest
	err := s.books.view(func(tx *bolt.Tx) (err error) {
		if state, err = readScores(tx); err != nil {
			return err
		}
		n = next(tx.Bucket(manifestsBucket))
		var m Manifest
		if there, err := getJSON(tx.Bucket(manifestsBucket), number(n-1), &m); err != nil || !there || m.Ledger != state.Ledger || m.Virtual {
			return err
		}
		for _, c := range state.Cuts {
			if c.gone(&m) {
				return nil
			}
		}
		after = m.Share + 1
		return nil
	})
	if err != nil || len(state.policies) == 0 {
		return err
	}
	text, was := "", state.checkpoint
	switch id := s.shares.ID(); {
	case was.Ledger == "":
		state.Ledger = id
		var others bool
		if state.place, others, err = s.begin(end, state.policies[0].From); others {
			text = fmt.Sprintf("these books begin at share %d of the log, and the shares before are of other books: what those owed is not known here, "+
				"and what these shares earned is not paid by these", state.Begin)
		}
	case was.Ledger != id:
		if state.Former == nil {
			state.Former = make(map[string]place)
		}
		state.Former[was.Ledger] = was.place
		there, known := state.Former[id]
		if !known {
			there, _, err = s.begin(end, state.policies[0].From)
		}
		delete(state.Former, id)
		state.Ledger, state.place, state.Since.Gap = id, there, state.Since.Some
		text = fmt.Sprintf("the log of shares is another one: log %s is gone, and with it the open window of pplns and the shares from %d on, "+
			"which are not in the scores of dgm and pps; what was owed before is owed still", was.Ledger, was.Next)
	case end < max(was.Next, after):
		state.Cuts = append(state.Cuts, cut{was.Ledger, end, n})
		state.Next, state.Since.Gap = min(end, was.Next), state.Since.Gap || state.Since.Some && end < was.Next
		text = fmt.Sprintf("the log of shares ends at %d, and shares up to %d were in it: an older copy of it was put in its place; "+
			"what they earned is kept, and the open window of pplns lacks them", end, max(was.Next, after))
	default:
		return nil
	}
	if err != nil {
		return err
	}
	return s.books.update("another log of shares", func(w *writer) error {
		if text != "" {
			s.log.Error(text)
			if err := w.note(text); err != nil {
				return err
			}
		}
		return w.saveScores(state)
	})
}

// end is the number behind the last share of the log.
func (s *Settler) end() (end uint64, err error) {
	err = s.shares.SharesBefore(math.MaxUint64, func(share Share) bool { end = share.Sequence + 1; return false })
	return end, err
}

// begin is the place in a log that is new to these books: what was logged before there were
// these is none of theirs. others says that it is of others.
func (s *Settler) begin(end uint64, from time.Time) (at place, others bool, err error) {
	at = place{end, end}
	err = s.shares.SharesBefore(math.MaxUint64, func(share Share) bool {
		if share.At.Before(from) {
			others = share.Policy > 0
			return false
		}
		at = place{share.Sequence, share.Sequence}
		return true
	})
	return at, others, err
}

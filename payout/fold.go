package payout

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/consensus"
)

// foldTo is the state with the shares up to one folded in.
func (s *Settler) foldTo(last uint64) (state *scores, err error) {
	err = s.books.view(func(tx *bolt.Tx) error { state, err = readScores(tx); return err })
	if err != nil {
		return nil, err
	}
	best, _ := s.chain.Best()
	subsidy := cmp.Or(s.subsidy, consensus.BlockSubsidy(best+1))
	err = s.shares.SharesFrom(state.Next, func(share Share) bool {
		if share.Sequence > last {
			return false
		}
		state.fold(share, subsidy)
		return true
	})
	return state, err
}

// foldDue folds shares below a limit, if it is time to or is to be done now.
func (s *Settler) foldDue(limit uint64, now bool) error {
	policies, err := s.books.Policies()
	if err != nil || len(policies) == 0 {
		return err
	}
	every := ppsEvery
	if policies[len(policies)-1].Scheme == DGM {
		every = dgmEvery
	}
	if !s.folded.IsZero() && time.Since(s.folded) < every && !now || limit == 0 {
		return nil
	}
	state, err := s.foldTo(limit - 1)
	if err != nil {
		return err
	}
	if err := s.books.update("fold shares", func(w *writer) error { return w.saveFold(state) }); err != nil {
		return err
	}
	if state.cut {
		s.log.Warn(wasCut)
	}
	s.folded = time.Now()
	return nil
}

// saveFold stores a state, and books what pps owes by it: at once, whatever becomes of blocks.
func (w *writer) saveFold(state *scores) error {
	c := make(changes)
	for owner, amount := range state.pps.Take() {
		c.move(Payable(owner), Reserve, int64(amount))
	}
	return errors.Join(
		w.post(KindPPS, fmt.Sprintf("shares below %d of ledger %s", state.Next, state.Ledger), c),
		w.saveScores(state),
	)
}

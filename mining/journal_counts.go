package mining

import (
	"maps"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/protocol/bc"
)

// Where a found block stands, beside the FateStates main, confirmed, matured, lost and refused.
const (
	// StandingPending is that of a block that the chain has not answered for.
	StandingPending FateState = "pending"
	// StandingLostToOwn is that of one that lost its height to another that was found here.
	StandingLostToOwn FateState = "lost_to_own"
)

// Standings are all that a found block can have.
func Standings() []FateState {
	return []FateState{StandingPending, StateMain, StateConfirmed, StateMatured, StateLost, StandingLostToOwn, StateRefused}
}

// Standing is where a block stands by its events alone; own reports whether another block was
// found here, too.
func (f Fate) Standing(own func(bc.Hash) bool) FateState {
	at := StandingPending
	for _, e := range f.Events {
		switch e.State {
		case StateMain, StateConfirmed, StateMatured:
			at = MainStage(Confirmations(f.Height, e.Best))
		case StateLost:
			if at = StateLost; e.Winner != nil && own(*e.Winner) {
				at = StandingLostToOwn
			}
		case StateRefused:
			at = StateRefused
		case StateSubmitted: // Again, for one that the chain has answered for: then that holds.
			if at == StateRefused {
				at = StandingPending
			}
		}
	}
	return at
}

// Counts is how many found blocks have each of the Standings. It takes no longer the more blocks
// are settled.
func (j *Journal) Counts() map[FateState]int {
	j.mu.Lock()
	counts := maps.Clone(j.settled)
	j.mu.Unlock()
	for _, f := range j.Open() {
		counts[f.Standing(j.Has)]++
	}
	return counts
}

// countSettled counts the blocks to which nothing more is expected to happen.
func (j *Journal) countSettled() error {
	return j.db.View(func(tx *bolt.Tx) error {
		fates := tx.Bucket(fatesBucket)
		if fates == nil {
			return nil
		}
		return fates.ForEach(func(key, raw []byte) error {
			f, err := readFate(key, raw)
			if err == nil {
				j.recount("", f.settledAs(fates))
			}
			return err
		})
	})
}

// settledAs is where a block stands for good; empty if more may happen to it, or there is none.
func (f *Fate) settledAs(fates *bolt.Bucket) FateState {
	if f == nil || !f.Settled {
		return ""
	}
	return f.Standing(within(fates))
}

// recount has one settled block stand elsewhere; empty is that it is not settled. The caller
// holds mu, but while the journal is being opened.
func (j *Journal) recount(was, is FateState) {
	if was != "" {
		j.settled[was]--
	}
	if is != "" {
		j.settled[is]++
	}
}

// within reports whether a bucket of fates has a block.
func within(fates *bolt.Bucket) func(bc.Hash) bool {
	return func(id bc.Hash) bool { return fates.Get(id.Bytes()) != nil }
}

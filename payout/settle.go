package payout

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/bytom/bytom/consensus"
	"github.com/bytom/bytom/protocol/bc"
)

// Settler splits the blocks that rigs find, as they get on the main chain, and follows what
// becomes of them. It reads the log of shares and the chain, and makes neither wait. Run and
// Step are for one goroutine.
type Settler struct {
	books      *Books
	shares     Shares
	chain      Chain
	candidates func() ([]Candidate, error)
	log        *slog.Logger

	// waits is when a block was first seen whose share is not in the log.
	waits map[bc.Hash]time.Time
	// elsewhere is when another node was last to settle a block.
	elsewhere map[bc.Hash]time.Time
	// folded is when shares were last folded. All three by the monotonic clock.
	folded time.Time
	// told is when the log was last told of a split, by the same.
	told time.Time
	// subsidy is what the next block paid at the last pass, and so when the shares since came.
	subsidy uint64

	failing atomic.Pointer[error] // of the last pass; nil if it had none
}

const (
	// winnerWait is how long a block without a Patience of its own waits for its share to be in
	// the log: it gets there once the chain has answered.
	winnerWait = 10 * time.Second
	// elsewhereWait is how long a block is left to another node that may be gone for good, until nobody here
	// splits it any more.
	elsewhereWait = 24 * time.Hour
	// heldBack is how long shares behind a block that is not settled are not folded: it may be
	// on the main chain in a moment.
	heldBack = 10 * time.Minute
	// dgmEvery and ppsEvery are the time between two folds. Each of pps's is an entry of a
	// posting an owner.
	dgmEvery = time.Minute
	ppsEvery = time.Hour
	// longest is how far the clock may have been set back.
	longest = 25 * time.Hour
	// tellEvery is the time between two lines of splits that are like others.
	tellEvery = time.Minute
	// passEvery is the time between two passes that nothing woke.
	passEvery = time.Minute
)

// NewSettler returns a settler. candidates are the blocks that rigs found, in any order.
func NewSettler(books *Books, shares Shares, chain Chain, candidates func() ([]Candidate, error)) *Settler {
	return &Settler{books: books, shares: shares, chain: chain, candidates: candidates, log: books.log, waits: make(map[bc.Hash]time.Time), elsewhere: make(map[bc.Hash]time.Time)}
}

// Run settles until ctx ends: when woken, and each minute. What goes wrong is logged, and
// tried again. Books that don't add up stop payouts.
func (s *Settler) Run(ctx context.Context, wake <-chan struct{}) error {
	if err := s.books.Recount(); err != nil {
		s.log.Error("the books of payouts don't add up: payouts are stopped", "error", err)
		if err := s.books.Stop("the books don't add up: " + err.Error()); err != nil {
			return err
		}
	}
	tick := time.NewTicker(passEvery)
	defer tick.Stop()
	for {
		again, err := s.Step()
		if err != nil && s.Failing() == nil {
			s.log.Error("payouts can't be settled; it is tried again", "error", err)
		}
		if s.failing.Store(nil); err != nil {
			s.failing.Store(&err)
		}
		timer := time.NewTimer(cmp.Or(again, passEvery))
		select {
		case <-wake:
		case <-tick.C:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// Failing is why the last pass of Run failed; nil if it did not. It is safe for concurrent
// use.
func (s *Settler) Failing() error {
	if err := s.failing.Load(); err != nil {
		return *err
	}
	return nil
}

// Step is one pass. again is after how long there is something to do, if nothing happens.
func (s *Settler) Step() (again time.Duration, err error) {
	if err := s.books.Follow(s.chain); err != nil {
		return 0, err
	}
	// What is not written may get its numbers again after a kill, and a block that is found from here
	// on is not among the open ones: so what comes is left to the next pass.
	limit, err := s.end()
	if err != nil {
		return 0, err
	}
	open, err := s.open()
	if err != nil {
		return 0, err
	}
	if err := s.shares.Flush(); err != nil {
		return 0, err
	}
	if err := s.renew(limit); err != nil {
		return 0, err
	}
	for _, c := range open {
		settled, wait, err := s.consider(c)
		if err != nil {
			return 0, fmt.Errorf("block %s at height %d: %w", c.Hash.String(), c.Height, err)
		}
		if wait > 0 && (again == 0 || wait < again) {
			again = wait
		}
		// By a clock that was far ahead it is as good as old.
		if !settled && (wait > 0 || time.Since(c.At).Abs() < heldBack) {
			limit = min(limit, c.share)
		}
	}
	best, _ := s.chain.Best()
	subsidy := consensus.BlockSubsidy(best + 1)
	if err := s.foldDue(limit, s.subsidy != 0 && s.subsidy != subsidy); err != nil {
		return again, err
	}
	s.subsidy = subsidy
	return again, s.keep()
}

// placed is a candidate with its share in the log, if that is there.
type placed struct {
	Candidate
	share  uint64
	logged bool
}

// open are the candidates that are not settled, in the order of their shares.
func (s *Settler) open() ([]placed, error) {
	all, err := s.candidates()
	if err != nil {
		return nil, err
	}
	var open []placed
	for _, c := range all {
		if known, err := s.books.known(c.Hash); err != nil {
			return nil, err
		} else if known {
			continue
		}
		p := placed{Candidate: c, share: math.MaxUint64}
		share, ok, err := s.shares.Solved(c.Hash.String())
		if err != nil {
			return nil, err
		}
		if ok {
			p.share, p.logged = share, true
		}
		open = append(open, p)
	}
	slices.SortFunc(open, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.share, b.share), cmp.Compare(a.Height, b.Height), bytes.Compare(a.Hash.Bytes(), b.Hash.Bytes()))
	})
	return open, nil
}

// consider settles a candidate if it is on the main chain, and its share in the log or not to
// be expected there any more; else it says how long to wait for that, if it is that.
func (s *Settler) consider(c placed) (settled bool, wait time.Duration, err error) {
	if hash, ok := s.chain.MainHash(c.Height); !ok || hash != c.Hash {
		return false, 0, nil
	}
	patience := cmp.Or(c.Patience, winnerWait)
	if !c.logged && c.Elsewhere && time.Since(c.At) < elsewhereWait {
		s.elsewhere[c.Hash] = time.Now()
		return false, passEvery, nil
	}
	// What was another node's until a moment ago has its share on its way.
	if !c.logged && (time.Since(c.At) < patience || time.Since(s.elsewhere[c.Hash]) < patience) {
		since, ok := s.waits[c.Hash]
		if !ok {
			since = time.Now()
			s.waits[c.Hash] = since
		}
		// Whatever the clock says, it does not wait for longer.
		if left := patience - time.Since(since); left > 0 {
			return false, left, nil
		}
	}
	delete(s.waits, c.Hash)
	delete(s.elsewhere, c.Hash)
	return true, 0, s.settle(c)
}

// settle splits a block.
func (s *Settler) settle(c placed) error {
	m, why, err := s.draft(c)
	if err != nil {
		return err
	}
	if m == nil {
		return s.books.update("skip block "+c.Hash.String(), func(w *writer) error { return w.skip(c.Hash, why) })
	}
	state, err := s.split(m)
	if err != nil {
		return err
	}
	err = s.books.update("settle block "+c.Hash.String(), func(w *writer) error {
		if state != nil {
			if err := w.saveFold(state); err != nil {
				return err
			}
		}
		if err := w.settle(m); err != nil || m.Policy.Scheme != DGM {
			return err
		}
		return w.savePast(m.N, state)
	})
	if err != nil {
		return err
	}
	if state != nil && state.cut {
		s.log.Warn(wasCut)
	}
	owners, _ := m.Owners()
	level := slog.LevelInfo
	if now := time.Now(); m.Note == "" && !s.told.IsZero() && now.Sub(s.told) < tellEvery {
		level = slog.LevelDebug // A young solonet has many a second.
	} else {
		s.told = now
	}
	s.log.Log(context.Background(), level, "a block is split", "height", m.Height, "hash", m.Block.String(), "scheme", m.Policy.Scheme, "owners", owners, "full", m.Full, "note", m.Note)
	return nil
}

// Why a block is not split.
const (
	whileOff  = "its share came while payouts were off"
	ofFormers = "its share is older than these books"
	atAnother = "no share of its front is booked here: the node that books them splits it"
)

// draft is a manifest without the split; nil if the block is not to be split, and why.
func (s *Settler) draft(c placed) (m *Manifest, why string, err error) {
	block, err := s.chain.Block(c.Hash)
	if err != nil {
		return nil, "", err
	}
	coinbase, err := fundOf(block.Transactions[0], 0)
	if err != nil {
		return nil, "", err
	}
	var policies []Policy
	var at checkpoint
	err = s.books.view(func(tx *bolt.Tx) (err error) {
		if at, err = readCheckpoint(tx); err == nil {
			policies, err = readPolicies(tx)
		}
		return err
	})
	if err != nil {
		return nil, "", err
	}
	switch {
	case !c.logged && (len(policies) == 0 || c.At.Before(policies[0].From.Add(-longest))):
		return nil, whileOff, nil // From before there were payouts.
	case !c.logged && c.Owner == "" && c.Work == 0:
		return nil, whileOff, nil // Work is counted while they are on.
	case !c.logged && c.Elsewhere:
		return nil, atAnother, nil
	case c.logged && c.share < at.Begin:
		return nil, ofFormers, nil
	}
	m = &Manifest{
		Block: c.Hash, Height: c.Height, Found: c.At.UTC().Truncate(time.Millisecond), Finder: c.Finder, Winner: c.Owner, WinnerWork: c.Work,
		Share: c.share, Ledger: s.shares.ID(), Begin: at.Begin, Reward: coinbase.Amount, Coinbase: *coinbase,
	}
	id, err := s.winner(m, c.logged)
	if err != nil {
		return nil, "", err
	}
	m.Policy = policyOf(policies, id)
	if m.Virtual && id == 0 {
		m.Policy = policyAt(policies, m.Found)
	}
	if m.Policy.ID == 0 {
		return nil, whileOff, nil
	}
	return m, "", nil
}

// winner fills in the share that made a block, as it is logged. If it is not, the block's
// stands behind the last share before its time. The id is that of the share's policy.
func (s *Settler) winner(m *Manifest, logged bool) (policy uint32, err error) {
	if logged {
		there := false
		err := s.shares.SharesBefore(m.Share, func(share Share) bool {
			if share.Sequence == m.Share {
				m.Winner, m.WinnerWork, policy, there = share.Owner, share.Work, share.Policy, true
			}
			return false
		})
		if err != nil || there {
			return policy, err
		}
	}
	m.Virtual, m.Share = true, 0
	err = s.shares.SharesBefore(math.MaxUint64, func(share Share) bool {
		if share.At.After(m.Found) {
			return true
		}
		if m.Share = share.Sequence; share.Sequence >= m.Begin {
			policy = share.Policy
		}
		return false
	})
	return policy, err
}

// split splits a block by the scheme of its share. The scores are those behind it, where they
// changed.
func (s *Settler) split(m *Manifest) (*scores, error) {
	switch m.Policy.Scheme {
	case Solo:
		m.splitSolo()
		return nil, nil
	case PPS:
		m.splitPPS()
		state, err := s.foldTo(m.Share)
		return state, err
	case DGM:
		state, err := s.foldTo(m.Share)
		if err != nil {
			return nil, err
		}
		if state.Since.Some && state.Since.Last > m.Share {
			m.Note = "it got on the main chain late: shares behind it are scored before it"
		}
		m.splitDGM(state)
		return state, nil
	}
	var policies []Policy
	err := s.books.view(func(tx *bolt.Tx) (err error) {
		if policies, err = readPolicies(tx); err == nil {
			m.Terms, err = termsFor(tx, policies, m.Policy.ID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return nil, m.splitPPLNS(policies, s.shares)
}

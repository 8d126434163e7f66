package mining

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

// SubmitterConfig is what a Submitter needs.
type SubmitterConfig struct {
	Sink Sink
	// Source says where a block stands, and which seed its proof is computed with.
	Source Source
	// Verifier computes the proof of each solution. The chain behind Sink should
	// share it: it remembers results, so that a block costs one hash in all.
	Verifier *compute.Verifier
	// Journal records each solution before the chain sees it; nil records none.
	Journal *Journal
	// Solved is told of each solution whose proof is right, by the hash of its header, which is the
	// block's id, and its seed, before it is recorded. It must not block. Nil does nothing.
	Solved func(header, seed [32]byte)
	// Relay gets each block with a proof when the chain does, to send it to others by ways
	// of its own. It must not block. Nil does nothing.
	Relay func(*types.Block)
	// Now is the chain's clock; nil is time.Now. What is noted and measured goes by
	// the real one.
	Now func() time.Time
	// Observe takes StageJournal and StageAccept; nil discards them.
	Observe func(Stage, time.Duration)
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Submitter is the one way in for solutions and blocks, whoever found them. It is safe
// for concurrent use and no call waits for another, nor for a template.
type Submitter struct {
	cfg        SubmitterConfig
	found      atomic.Uint64
	lastLogged atomic.Int64 // when a found block was last logged, in Unix seconds
	won        *lru.Cache[bc.Hash, struct{}]
	again      *lru.Cache[bc.Hash, struct{}] // blocks of Replay that were not taken, which was logged

	told        *lru.Cache[bc.Hash, struct{}] // blocks that are said to be on the chain, the latest
	outstanding outstanding
	late        atomic.Int32  // writes to the journal that found blocks no longer wait for
	answers     chan struct{} // has one when the disk, or the chain, may have answered
}

// tipsWon is how many tips Replaced remembers: more than work in anybody's hands is of.
const tipsWon = 64

// NewSubmitter returns a Submitter.
func NewSubmitter(cfg SubmitterConfig) *Submitter {
	if cfg.Relay == nil {
		cfg.Relay = func(*types.Block) {}
	}
	if cfg.Solved == nil {
		cfg.Solved = func([32]byte, [32]byte) {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Stage, time.Duration) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Submitter{cfg: cfg, won: newLatest(tipsWon), again: newLatest(tipsWon), told: newLatest(mostOutstanding), answers: make(chan struct{}, 1)}
}

// newLatest remembers so many ids, the latest.
func newLatest(most int) *lru.Cache[bc.Hash, struct{}] {
	ids, err := lru.New[bc.Hash, struct{}](most)
	if err != nil {
		panic(err) // Only a size below 1 is refused.
	}
	return ids
}

// Verdict is what became of a block that nothing was wrong with.
type Verdict struct {
	// Block and Height are the submitted block's.
	Block  bc.Hash
	Height uint64
	// Outcome is the chain's.
	Outcome Outcome
	// Tip is the best block after it, and Winner the best chain's block of the same
	// height: Block itself when it won, or whichever it lost to.
	Tip, Winner bc.Hash
	// Main means that the block is part of the best chain; Invalid is why a Duplicate was
	// refused the first time.
	Main    bool
	Invalid error
	// Took is the time from the call to the chain's answer.
	Took time.Duration
}

// Found is how many blocks this Submitter brought into the main chain.
func (s *Submitter) Found() uint64 { return s.found.Load() }

// Replaced reports whether the best chain went on from a tip with a block of this
// Submitter's: another block on that tip can't win, as its branch is as long and came later.
// It remembers the latest such tips.
func (s *Submitter) Replaced(tip bc.Hash) bool {
	return s.won.Contains(tip) && s.cfg.Source.Tip().Hash != tip
}

// Possible is nil if a solution could be a block for all that is known before anything is
// hashed. It can't be where the clock has been set back to more than an hour before the job.
func (s *Submitter) Possible(sol Solution) error { return sol.check(uint64(s.cfg.Now().Unix())) }

// Submit checks a solution and passes its block to the chain and to the peers. The job
// may be of a former template or even tip: what meets the network's target is a
// block, and whether it can still win is for the chain to say. What misses the target
// is of kind ErrStaleWork where the tip is another by now, else of ErrHighHash.
//
// A block whose timestamp is too far ahead of the clock is written down and passed on all the same: the clock may have
// been set back since its work was given, and be wrong, or right.
//
// The error is of one of this package's kinds and names what was found and what
// was expected. ctx bounds the computation of the proof; once that is done the
// block is on its way whatever happens to ctx.
func (s *Submitter) Submit(ctx context.Context, sol Solution) (Verdict, error) {
	start := time.Now()
	early := s.Possible(sol)
	if early != nil && !errors.Is(early, ErrTimeTooNew) {
		return Verdict{}, early
	}
	t, id := sol.Job.Template, sol.Job.HeaderHash(sol.Timestamp, sol.Nonce)
	if p := s.cfg.Source.Place(bc.NewHash(id), t.Height); p.Known {
		block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
		if err != nil {
			return Verdict{}, err
		}
		return s.duplicate(ctx, block, start), nil
	}
	err := s.prove(ctx, id, t.Tip)
	if errors.Is(err, ErrHighHash) && early != nil {
		return Verdict{}, early
	}
	if tip := s.cfg.Source.Tip(); errors.Is(err, ErrHighHash) && tip.Hash != t.Tip.Hash {
		return Verdict{}, fmt.Errorf("%w: it builds on %s, the tip is %s", ErrStaleWork, t.Tip.Hash.String(), tip.Hash.String())
	}
	if err != nil {
		return Verdict{}, err
	}
	s.cfg.Solved(id, t.Tip.Seed.Byte32())
	block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
	if err != nil {
		return Verdict{}, err
	}
	return s.deliver(ctx, block, sol.By, start)
}

// SubmitBlock passes a whole block, whoever built it, to the chain and the peers. Errors
// are as for Submit; the chain checks the rest of it. A block with a proof is recorded
// in the journal first, with its finder, as any found block is.
func (s *Submitter) SubmitBlock(ctx context.Context, block *types.Block, by Finder) (Verdict, error) {
	start := time.Now()
	if err := CheckShape(block); err != nil {
		return Verdict{}, err
	}
	id := block.Hash()
	if p := s.cfg.Source.Place(id, block.Height); p.Known {
		if by.Front != "" && by.Kind == FoundByRig && p.Invalid == nil {
			s.recordKnown(block, by, start, p)
		}
		return s.duplicate(ctx, block, start), nil
	}
	parent, known := s.cfg.Source.After(block.PreviousBlockHash)
	if !known {
		return s.process(ctx, block, by, start, false)
	}
	// Before a hash is spent on it, or a place in the journal.
	early := CheckHeader(&block.BlockHeader, parent, s.cfg.Now())
	if early != nil && (by.Front != "" || !errors.Is(early, ErrTimeTooNew)) {
		return Verdict{}, early
	}
	if by.Front != "" {
		return s.deliverOfFront(ctx, block, by, parent, start)
	}
	if err := s.prove(ctx, id.Byte32(), parent); err != nil {
		return Verdict{}, cmp.Or(early, err)
	}
	return s.deliver(ctx, block, by, start)
}

// deliverOfFront is prove and deliver of a block that a front has verified, and signed: it is written
// down while it is hashed, which saves the time of the disk. One that proves false is noted as refused.
func (s *Submitter) deliverOfFront(ctx context.Context, block *types.Block, by Finder, parent Tip, start time.Time) (Verdict, error) {
	defer s.outstanding.begin(block.Hash())()
	proof := make(chan error, 1)
	go func() { proof <- s.prove(ctx, block.Hash().Byte32(), parent) }()
	r := s.record(block, by, start)
	if err := <-proof; err != nil {
		if !Refusal(err) { // Whoever brought it has gone, or no device answers.
			s.keep(foundBlock{block: block, by: by, found: start, written: r.written || !r.isNew, unproved: true, answered: true, err: err})
			return Verdict{}, fmt.Errorf("%w: %w", ErrNotReady, err)
		}
		refuse := func() { s.resolve(block, Verdict{}, err, Event{State: StateJournaled, At: r.at}) }
		switch {
		case r.written:
			refuse()
		case r.late != nil:
			go func() {
				if <-r.late == nil {
					refuse()
				}
			}()
		}
		return Verdict{}, err
	}
	return s.deliverRecorded(ctx, block, by, start, r)
}

// prove is nil if the header of this hash has the proof that a block after tip needs.
func (s *Submitter) prove(ctx context.Context, id [32]byte, tip Tip) error {
	result, err := s.cfg.Verifier.Hash(ctx, id, tip.Seed.Byte32())
	if err != nil {
		return fmt.Errorf("compute the proof of work: %w", err)
	}
	return CheckProof(result, TargetFromBits(tip.Bits))
}

// deliver records a block with a proof, and passes it to the chain and everybody
// else.
func (s *Submitter) deliver(ctx context.Context, block *types.Block, by Finder, start time.Time) (Verdict, error) {
	defer s.outstanding.begin(block.Hash())()
	return s.deliverRecorded(ctx, block, by, start, s.record(block, by, start))
}

// deliverRecorded is deliver of a block that record was called with.
func (s *Submitter) deliverRecorded(ctx context.Context, block *types.Block, by Finder, start time.Time, r recorded) (Verdict, error) {
	if !r.written && r.isNew {
		s.keep(foundBlock{block: block, by: by, found: start})
	}
	submitted := time.Now()
	s.cfg.Relay(block)
	v, err := s.process(ctx, block, by, start, r.isNew)
	s.heard(foundBlock{block: block, by: by, found: start, written: r.written || !r.isNew}, v, err)
	if r.written {
		s.resolve(block, v, err, Event{State: StateJournaled, At: r.at}, Event{State: StateSubmitted, At: submitted})
	}
	return v, err
}

// Refusal reports whether an error is about the block, and not about a node that is
// stopping, syncing or out of order.
func Refusal(err error) bool {
	var kind ErrorKind
	return errors.As(err, &kind) && kind != ErrStopped && kind != ErrNotReady && kind != ErrChainFailed
}

// resolve notes the chain's answer, behind what came before it. A block that could
// not be judged, or not yet, stays open for the next start. It does not wait for a disk that hangs: who brought the block, a
// share's verifier or a device, has other work.
func (s *Submitter) resolve(block *types.Block, v Verdict, err error, events ...Event) {
	if err != nil && !Refusal(err) {
		return
	}
	id, verdict := block.Hash(), v.Outcome.String()
	p := s.settled(id, block.Height)
	e := Event{At: time.Now(), Best: p.Best}
	switch {
	case err != nil:
		verdict = err.Error()
		e.State, e.Detail = StateRefused, verdict
		events = append(events, e)
	case p.Main:
		e.State = StateMain
		events = append(events, e)
	case p.Known && p.There != (bc.Hash{}):
		e.State, e.Winner = StateLost, &p.There
		events = append(events, e)
	}
	write := s.cfg.Journal.Resolve
	if s.early(block, err) {
		write = s.cfg.Journal.ResolveForNow
	}
	s.inTime(func() {
		if err := write(id, verdict, events...); err != nil {
			s.cfg.Log.Error("verdict not written down", "height", block.Height, "verdict", verdict, "error", err)
		}
	})
}

// process passes a block to the chain, and announces it to the peers. The chain can have one that is
// new here only by another way from here: where that was not told so, its answer being late or lost, this is. A front
// that brings a block by two ways is told so by one.
func (s *Submitter) process(ctx context.Context, block *types.Block, by Finder, start time.Time, isNew bool) (Verdict, error) {
	outcome, err := s.processInTime(ctx, block, by, isNew)
	if err == nil && outcome == Duplicate && isNew {
		outcome = s.outcomeNow(block)
	}
	first := false
	if err == nil && (outcome == MainChain || outcome == SideChain) {
		told, _ := s.told.ContainsOrAdd(block.Hash(), struct{}{})
		if first = !told; told && by.Front != "" {
			outcome = Duplicate
		}
	}
	if errors.Is(err, ErrChainFailed) {
		// Nothing is wrong with the block: the peers may still take it.
		s.cfg.Log.Error("found block announced, but not on this node's chain", "height", block.Height, "error", err)
		s.cfg.Sink.Announce(block)
	}
	if err != nil {
		return Verdict{}, err
	}
	if first {
		s.cfg.Sink.Announce(block)
	}
	if outcome == MainChain {
		s.won.Add(block.PreviousBlockHash, struct{}{})
	}
	v := s.verdict(block.Hash(), block.Height, outcome, start)
	s.cfg.Observe(StageAccept, v.Took)
	s.report(v, block, by, first)
	return v, nil
}

// processInTime passes a block to the chain. Where that hangs, as its disk may, peers get one that has a
// proof, and in which nothing is found wrong, meanwhile.
func (s *Submitter) processInTime(ctx context.Context, block *types.Block, by Finder, proved bool) (Outcome, error) {
	if proved {
		defer time.AfterFunc(patience, func() {
			if s.cfg.Source.Check(context.WithoutCancel(ctx), block) == nil {
				s.cfg.Log.Warn("found block announced before this node's chain has answered", "height", block.Height)
				s.cfg.Sink.Announce(block)
			}
		}).Stop()
	}
	return s.cfg.Sink.Process(context.WithoutCancel(ctx), block, by)
}

// Known is where a block stands. As long as the tip is its parent, it is found out what
// is wrong with a block that the chain has and yet did not take.
func (s *Submitter) Known(ctx context.Context, block *types.Block) Place {
	p := s.cfg.Source.Place(block.Hash(), block.Height)
	if !p.Known || p.Main || p.Invalid != nil || block.PreviousBlockHash != s.cfg.Source.Tip().Hash {
		return p
	}
	if err := s.cfg.Source.Check(ctx, block); Refusal(err) && !errors.Is(err, ErrBadParent) {
		p.Invalid = err
	}
	return p
}

// duplicate is the verdict on a block that the chain has.
func (s *Submitter) duplicate(ctx context.Context, block *types.Block, start time.Time) Verdict {
	v := s.verdict(block.Hash(), block.Height, Duplicate, start)
	p := s.Known(ctx, block)
	v.Main, v.Invalid = p.Main, p.Invalid
	return v
}

func (s *Submitter) verdict(id bc.Hash, height uint64, outcome Outcome, start time.Time) Verdict {
	p := s.settled(id, height)
	return Verdict{
		Block: id, Height: height, Outcome: outcome, Took: time.Since(start),
		Tip: s.cfg.Source.Tip().Hash, Winner: p.There, Main: p.Main, Invalid: p.Invalid,
	}
}

// report counts and logs what became of a block, where that is the first word of it.
func (s *Submitter) report(v Verdict, block *types.Block, by Finder, first bool) {
	log := s.cfg.Log.With("height", v.Height, "hash", v.Block.String())
	if by != (Finder{}) {
		log = log.With("by", by.String())
	}
	switch {
	case !first:
		log.Debug("block not new", "outcome", v.Outcome.String())
	case v.Outcome == MainChain:
		s.found.Add(1)
		level := slog.LevelInfo
		if now := s.cfg.Now().Unix(); s.lastLogged.Swap(now) == now {
			level = slog.LevelDebug // A young solonet has many a second.
		}
		log.Log(context.Background(), level, "block accepted", "txs", len(block.Transactions)-1, "took", v.Took.Round(time.Millisecond/10))
	case v.Outcome == SideChain:
		if s.cfg.Journal.Has(v.Winner) {
			log.Info("block lost to another of this node's, at the same height", "winner", v.Winner.String())
			return
		}
		log.Warn("block lost the race", "winner", v.Winner.String())
	}
}

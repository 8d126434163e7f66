package mining

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"

	"github.com/bytom-solo/bytom-solo/compute"
)

// SubmitterConfig is what a Submitter needs.
type SubmitterConfig struct {
	Sink Sink
	// Source tells the tip that won when ours lost.
	Source Source
	// Verifier computes the proof of each solution. The chain behind Sink should
	// share it: it remembers results, so that a block costs one hash in all.
	Verifier *compute.Verifier
	// Journal keeps each solution from before the chain sees it; nil keeps none.
	Journal *Journal
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log takes what happens; nil discards it.
	Log *slog.Logger
}

// Submitter is the one door for solutions, whoever found them. It is safe for
// concurrent use and no call waits for another, nor for a template.
type Submitter struct {
	cfg   SubmitterConfig
	found atomic.Uint64
	told  atomic.Int64 // when a found block was last logged, in Unix seconds
}

// NewSubmitter makes a Submitter.
func NewSubmitter(cfg SubmitterConfig) *Submitter {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Submitter{cfg: cfg}
}

// Verdict is what became of a block that nothing was wrong with.
type Verdict struct {
	// Block and Height are the submitted block's.
	Block  bc.Hash
	Height uint64
	// Outcome is what the chain made of it.
	Outcome Outcome
	// Tip is the best block after it: Block itself when it won, or whichever it
	// lost to.
	Tip bc.Hash
	// Took is the time from the call to the chain's answer.
	Took time.Duration
}

// Found is how many blocks this Submitter brought into the main chain.
func (s *Submitter) Found() uint64 { return s.found.Load() }

// Submit checks a solution and brings it to the chain and to the peers. The job
// may be of a former template or even tip: what meets the network's target is a
// block, and whether it can still win is for the chain to say.
//
// The error is of one of this package's kinds and names what was found and what
// was expected. ctx bounds the computation of the proof; once that is done the
// block is on its way whatever happens to ctx.
func (s *Submitter) Submit(ctx context.Context, sol Solution) (Verdict, error) {
	start := time.Now()
	if err := sol.check(uint64(s.cfg.Now().Unix())); err != nil {
		return Verdict{}, err
	}
	t := sol.Job.Template
	result, err := s.cfg.Verifier.Hash(ctx, sol.Job.HeaderHash(sol.Timestamp, sol.Nonce), t.Tip.Seed.Byte32())
	if err != nil {
		return Verdict{}, fmt.Errorf("compute the proof of work: %w", err)
	}
	if err := CheckProof(result, t.Target); err != nil {
		return Verdict{}, err
	}
	block, err := sol.Job.Block(sol.Timestamp, sol.Nonce)
	if err != nil {
		return Verdict{}, err
	}
	recorded := s.record(block)
	v, err := s.process(ctx, block, start)
	if recorded {
		s.resolve(block, v, err)
	}
	return v, err
}

// record writes a found block down. A journal that fails costs the block nothing
// but its insurance.
func (s *Submitter) record(block *types.Block) bool {
	if s.cfg.Journal == nil {
		return false
	}
	err := s.cfg.Journal.Record(block, s.cfg.Now())
	if err != nil && !errors.Is(err, errDuplicateEntry) {
		s.cfg.Log.Error("found block not written down; it is submitted all the same", "height", block.Height, "error", err)
	}
	return err == nil
}

// resolve notes the chain's answer. A block that could not be judged, because the
// node is stopping, stays open for the next start.
func (s *Submitter) resolve(block *types.Block, v Verdict, err error) {
	if errors.Is(err, ErrStopped) || errors.Is(err, ErrNotReady) {
		return
	}
	verdict := verdictText(v, err)
	if err := s.cfg.Journal.Resolve(block.Hash(), verdict, s.cfg.Source.Tip().Hash); err != nil {
		s.cfg.Log.Error("verdict not written down", "height", block.Height, "verdict", verdict, "error", err)
	}
}

func verdictText(v Verdict, err error) string {
	if err != nil {
		return err.Error()
	}
	return v.Outcome.String()
}

// Replay submits what the last run left open, and what the chain may have
// forgotten of it: once, at a start.
func (s *Submitter) Replay(ctx context.Context) error {
	if s.cfg.Journal == nil {
		return nil
	}
	pending, err := s.cfg.Journal.Pending(s.cfg.Source.Tip().Height)
	if err != nil {
		return err
	}
	for _, e := range pending {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		v, err := s.process(ctx, e.Block, time.Now())
		if v.Outcome == Duplicate {
			s.cfg.Sink.Announce(e.Block) // The last run may have ended before it did.
		}
		if !e.Resolved() {
			s.cfg.Log.Info("found block of the last run submitted", "height", e.Block.Height, "verdict", verdictText(v, err))
			s.resolve(e.Block, v, err)
		}
	}
	return nil
}

// SubmitBlock brings a whole block, made by anybody, to the chain and the peers.
// The chain checks all of it. Errors are as for Submit.
func (s *Submitter) SubmitBlock(ctx context.Context, block *types.Block) (Verdict, error) {
	return s.process(ctx, block, time.Now())
}

func (s *Submitter) process(ctx context.Context, block *types.Block, start time.Time) (Verdict, error) {
	outcome, err := s.cfg.Sink.Process(context.WithoutCancel(ctx), block)
	if err != nil {
		return Verdict{}, err
	}
	if outcome == MainChain || outcome == SideChain {
		s.cfg.Sink.Announce(block)
	}
	v := Verdict{
		Block: block.Hash(), Height: block.Height, Outcome: outcome,
		Tip: s.cfg.Source.Tip().Hash, Took: time.Since(start),
	}
	s.report(v, block)
	return v, nil
}

func (s *Submitter) report(v Verdict, block *types.Block) {
	log := s.cfg.Log.With("height", v.Height, "hash", v.Block.String())
	switch v.Outcome {
	case MainChain:
		s.found.Add(1)
		level := slog.LevelInfo
		if now := s.cfg.Now().Unix(); s.told.Swap(now) == now {
			level = slog.LevelDebug // A young solonet has many a second.
		}
		log.Log(context.Background(), level, "block accepted", "txs", len(block.Transactions), "took", v.Took.Round(time.Millisecond/10))
	case SideChain:
		log.Warn("block lost the race", "winner", v.Tip.String())
	default:
		log.Debug("block not new", "outcome", v.Outcome.String())
	}
}

// CheckProof is nil if a Tensority result meets a target, else an error of kind
// ErrHighHash with both numbers.
func CheckProof(result [32]byte, target Target) error {
	if target.Met(result) {
		return nil
	}
	var number Target // the result as a big-endian number
	for i, b := range result {
		number[31-i] = b
	}
	return fmt.Errorf("%w: proof of work %s is above the target %s", ErrHighHash, number, target)
}

package mining

import (
	"context"
	"log/slog"
	"time"

	"github.com/bytom/bytom/protocol/bc"
	"github.com/bytom/bytom/protocol/bc/types"
)

// forgetAfter is how many blocks must be above a found one for it to be left alone.
// The chain's own database is not fsynced: after a power cut it may have forgotten its
// latest blocks. One that the chain has gone on without is lost.
const forgetAfter = 6

// Replay submits the blocks that the last run left open, and of the others those that the
// chain has forgotten. It is called at a start, and again and again where the chain is elsewhere.
func (s *Submitter) Replay(ctx context.Context) error {
	if s.cfg.Journal == nil {
		return nil
	}
	best := s.cfg.Source.Tip().Height
	for _, f := range s.cfg.Journal.Open() {
		if (f.Resolved() || f.standing() != "") && f.Height+forgetAfter <= best { // It is known to be on the chain, or off it.
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.replay(ctx, f)
	}
	return nil
}

// replay submits a block of the journal once more, unless somebody does. One that is damaged there holds up none behind it.
func (s *Submitter) replay(ctx context.Context, f Fate) {
	if s.outstanding.busy(f.ID) || f.Resolved() && s.cfg.Source.Place(f.ID, f.Height).Known {
		return
	}
	var v Verdict
	block, err := s.cfg.Journal.Block(f.ID)
	if err == nil {
		v, err = s.resend(ctx, block, f)
	}
	log := s.cfg.Log.With("height", f.Height, "hash", f.ID.String())
	if err == nil {
		log.Info("found block of an earlier run submitted", "outcome", v.Outcome)
		return
	}
	level := slog.LevelWarn
	if told, _ := s.again.ContainsOrAdd(f.ID, struct{}{}); told {
		level = slog.LevelDebug // A front tries every few seconds.
	}
	log.Log(ctx, level, "found block of an earlier run not taken", "error", err)
}

// Resubmit passes a block of the journal to the chain and the peers once more, as an
// operator may ask.
func (s *Submitter) Resubmit(ctx context.Context, id bc.Hash) (Verdict, error) {
	if s.cfg.Journal == nil {
		return Verdict{}, errNoJournal
	}
	block, err := s.cfg.Journal.Block(id)
	if err != nil {
		return Verdict{}, err
	}
	f, _, err := s.cfg.Journal.Fate(id)
	if err != nil {
		return Verdict{}, err
	}
	return s.resend(ctx, block, f)
}

// resend passes a block of the journal to the chain, and announces it also where the chain
// has it: the run that submitted it may have ended before it announced it. A refusal is not the last word on a
// block that was taken before: a front's other node may have it, and be away.
func (s *Submitter) resend(ctx context.Context, block *types.Block, f Fate) (Verdict, error) {
	start := time.Now()
	s.cfg.Relay(block)
	s.told.Remove(block.Hash())
	v, err := s.process(ctx, block, f.By, start, false)
	if err == nil && v.Outcome == Duplicate {
		s.cfg.Sink.Announce(block)
	}
	s.heard(foundBlock{block: block, by: f.By, found: f.Found, written: true}, v, err)
	if f.standing() == "" || !Refusal(err) {
		s.resolve(block, v, err, Event{State: StateSubmitted, At: start})
	}
	return v, err
}

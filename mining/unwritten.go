package mining

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bytom/bytom/protocol/bc/types"
)

// mostUnwritten is how many found blocks wait for room on the journal's disk: those of weeks.
const mostUnwritten = 256

// unwritten are found blocks that the journal could not take, in their order. It is safe for
// concurrent use.
type unwritten struct {
	mu  sync.Mutex
	all []foundBlock
}

// foundBlock is a block, who found it and when.
type foundBlock struct {
	block    *types.Block
	by       Finder
	found    time.Time
	answered *atomic.Bool // by the chain, to who brought it
}

// keep adds a block. Of too many the oldest go.
func (u *unwritten) keep(b foundBlock) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, b)
	u.all = u.all[max(0, len(u.all)-mostUnwritten):]
}

func (u *unwritten) list() []foundBlock {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.all)
}

// drop takes a block out that is written.
func (u *unwritten) drop(block *types.Block) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = slices.DeleteFunc(u.all, func(b foundBlock) bool { return b.block == block })
}

// writeAgainEvery is how often WriteAgain looks for room on a disk that was full.
const writeAgainEvery = 5 * time.Second

// KeepWriting calls WriteAgain until ctx ends: again and again, as a disk that was full has room some day,
// and at once where one that hung answers. It returns ctx's error.
func (s *Submitter) KeepWriting(ctx context.Context) error { return s.keepWriting(ctx, writeAgainEvery) }

func (s *Submitter) keepWriting(ctx context.Context, every time.Duration) error {
	each := time.NewTicker(every)
	defer each.Stop()
	for {
		select {
		case <-each.C:
		case <-s.answers:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.WriteAgain(ctx)
	}
}

// WriteAgain writes found blocks down that the journal could not take when they were found, and brings
// those that the chain does not know to it once more, whether the disk answers or not: until they are
// written this process alone knows of them. It is for KeepWriting, and for the end, behind that.
func (s *Submitter) WriteAgain(ctx context.Context) {
	for _, b := range s.unwritten.list() {
		if ctx.Err() != nil {
			return
		}
		s.writeAgain(ctx, b)
	}
}

func (s *Submitter) writeAgain(ctx context.Context, b foundBlock) {
	answered := b.answered.Load() // If not, who brought it waits for the chain still.
	var v Verdict
	var verdictErr error
	known := s.cfg.Source.Place(b.block.Hash(), b.block.Height).Known
	if answered && !known {
		v, verdictErr = s.process(ctx, b.block, b.by, time.Now(), true)
	}
	_, err := s.recordInTime(b.block, b.by, b.found)
	written := err == nil || errors.Is(err, errDuplicateEntry)
	if !answered {
		return
	}
	if written || refusal(verdictErr) {
		s.unwritten.drop(b.block)
	}
	if !written {
		return
	}
	s.cfg.Log.Info("found block written down, later", "height", b.block.Height, "hash", new(b.block.Hash()).String())
	if known {
		v.Outcome = s.outcomeNow(b.block)
	}
	s.resolve(b.block, v, verdictErr, Event{State: StateSubmitted, At: b.found}, Event{State: StateJournaled, At: time.Now()})
}
